"""Where plugins put what they bring: components, experiments and weight dialects, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from srcore.errors import PluginError, SrcoreError
from srcore.messages import shown
from srcore.moved import current_kind
from srcore.plugin.building import Component, ComponentKind
from srcore.plugin.discovery import label
from srcore.plugin.known import comes_with
from srcore.plugin.known import known_components as known_plugins
from srcore.plugin.targets import Target

#: How much nearer (0 to 1) a name is than any other if it is surely meant.
_CLEARLY = 0.1

#: The core's kinds of components. What is passed to a target beside its options, and what it must
#: offer, is written in :mod:`srcore.contracts`.
KINDS = (
    "network",
    "discriminator",
    "discriminator_input",
    "loss",
    "labels",
    "transform",
    "source",
    "dataset",
    "sampler",
    "method",
    "task",
    "metric",
    "optimizer",
    "schedule",
    "handler",
)


class UnknownKindError(PluginError):
    """A component of a kind that nobody adds.

    Attributes:
        owner: the component's distribution.
    """

    def __init__(self, message: str, owner: str) -> None:
        super().__init__(message)
        self.owner = owner


@attrs.frozen
class Registry:
    """Named entries of all kinds; refuses duplicates and names both plugins that wanted the name.

    A plugin receives it in its registration hooks:

        registry.add("loss", "ldl", LDLOptions, "srplug_ldl.losses:LDLLoss", needs=("ema_sr",))
    """

    owner: str = "srcore"  # distribution that adds through this object
    _components: dict[tuple[str, str], Component] = attrs.field(factory=dict)
    _experiments: dict[str, tuple[Path, str]] = attrs.field(factory=dict)
    _dialects: dict[str, tuple[Target, str]] = attrs.field(factory=dict)
    _readers: dict[str, tuple[Target, str]] = attrs.field(factory=dict)
    _model_lists: list[tuple[Path, str]] = attrs.field(factory=list)
    _kinds: dict[str, ComponentKind] = attrs.field(
        factory=lambda: {name: ComponentKind(name, None, "srcore") for name in KINDS}
    )

    def owned_by(self, owner: str) -> Registry:
        """The same registry for another distribution: what it adds belongs to ``owner``."""
        return attrs.evolve(self, owner=owner)

    def add(
        self,
        kind: str,
        name: str,
        options: str | type | None,
        target: Target,
        *,
        needs: Iterable[str] = (),
        provides: Iterable[str] = (),
    ) -> None:
        """Register a component.

        Args:
            kind: one of :data:`KINDS`, or a kind that a plugin adds with :meth:`add_kind`.
            name: unique within the kind.
            options: attrs class of its keys, ``"package.module:name"`` of one, or None if it has
                none.
            target: callable or ``"package.module:name"``; a string keeps start-up quick.
            needs: see :class:`srcore.plugin.building.Component`.
            provides: see :class:`srcore.plugin.building.Component`.

        Raises:
            PluginError: unknown kind, options that are no attrs class, a target that is neither
                callable nor ``"package.module:name"``, or a name that is taken.
        """
        kind = current_kind(kind)
        # A kind with a dot is another plugin's, which may be asked later: see complete
        if kind not in self._kinds and "." not in kind:
            raise PluginError(
                f"registers {shown(name)} as a {shown(kind)}; kinds are {self._kind_names}"
            )
        if isinstance(options, str):
            _check_target(f"options of {kind} {shown(name)}", options)
        elif options is not None and not (isinstance(options, type) and attrs.has(options)):
            raise PluginError(f"options of {kind} {shown(name)} must be an attrs class")
        _check_target(f"target of {kind} {shown(name)}", target)
        taken = self._components.get((kind, name))
        if taken is not None:
            raise duplicate(f"{kind} {shown(name)}", taken.owner, self.owner)
        self._components[kind, name] = Component(
            kind,
            name,
            options,
            target,
            frozenset(needs),
            frozenset(provides),
            self.owner,
        )

    def add_kind(self, name: str, contract: Target | None = None) -> None:
        """Add a kind of components, for whose places ``component(name)`` makes keys.

            registry.add_kind("wavelets.filter", "srplug_wavelets.contracts:Filter")
            registry.add("wavelets.filter", "haar", None, "srplug_wavelets.filters:Haar")

        Args:
            name: name of the plugin, a dot, and what it is, so that no two plugins meet.
            contract: class that every component must be an instance of when it is built, or
                ``"package.module:name"`` of one. A protocol is marked with
                ``typing.runtime_checkable``.

        Raises:
            PluginError: a name of another form or one that is taken.
        """
        parts = name.split(".")
        if len(parts) != 2 or not all(part.isidentifier() for part in parts):
            raise PluginError(
                f'adds the kind {shown(name)}; expected "plugin.what", such as "ldl.map"'
            )
        if name in self._kinds:
            raise duplicate(f"kind {shown(name)}", self._kinds[name].owner, self.owner)
        if contract is not None:
            _check_target(f"contract of kind {shown(name)}", contract)
        self._kinds[name] = ComponentKind(name, contract, self.owner)

    def complete(self) -> None:
        """Once all plugins were asked: every component learns the rules of its kind.

        Raises:
            PluginError: nobody added the kind; names the plugin, the component, the kinds there
                are.
        """
        for key, entry in self._components.items():
            kind = self._kinds.get(entry.kind)
            if kind is None:
                text = (
                    f"{label(entry.owner)}: registers {shown(entry.name)} as a "
                    f"{shown(entry.kind)}, which no installed plugin adds; "
                    f"kinds are {self._kind_names}"
                )
                raise UnknownKindError(text, entry.owner)
            self._components[key] = attrs.evolve(entry, rules=kind)

    def kind(self, name: str) -> ComponentKind:
        """What is known of a kind.

        Raises:
            SrcoreError: there is none of that name.
        """
        try:
            return self._kinds[current_kind(name)]
        except KeyError:
            raise SrcoreError(f"no kind {shown(name)}; kinds are {self._kind_names}") from None

    def kinds(self) -> tuple[str, ...]:
        """Names of all kinds: the core's, then those of plugins by name."""
        return (*KINDS, *sorted(self._kinds.keys() - set(KINDS)))

    @property
    def _kind_names(self) -> str:
        return ", ".join(self.kinds())

    def add_experiments(self, prefix: str, folder: Path) -> None:
        """Register every ``*.toml`` below ``folder`` as ``prefix/<stem>`` (no prefix: the stem).

        Raises:
            PluginError: no such files, or a name that is taken.
        """
        paths = sorted(Path(folder).glob("*.toml"))
        if not paths:
            raise PluginError(
                f"no experiments in {folder}; expected *.toml files (does the package's data "
                "include them?)"
            )
        for path in paths:
            name = f"{prefix}/{path.stem}" if prefix else path.stem
            if name in self._experiments:
                raise duplicate(f"experiment {shown(name)}", self._experiments[name][1], self.owner)
            self._experiments[name] = (path, self.owner)

    def add_dialect(self, name: str, target: Target) -> None:
        """Register a checkpoint dialect (see :mod:`srcore.weights.dialects`).

        Raises:
            PluginError: a name that is taken, or a target of another form than
                ``"package.module:name"``.
        """
        if name in self._dialects:
            raise duplicate(f"weight dialect {shown(name)}", self._dialects[name][1], self.owner)
        _check_target(f"target of weight dialect {shown(name)}", target, plain=True)
        self._dialects[name] = (target, self.owner)

    def add_reader(self, name: str, target: Target) -> None:
        """Register what makes networks of files that no dialect knows, for inference only.

        Args:
            name: of the program that reads them.
            target: called with a :class:`srcore.weights.containers.Checkpoint` and the
                :class:`srcore.weights.dialects.UnknownArchitectureError` that would be raised;
                returns a network, or raises that error with what it has to add.

        Raises:
            PluginError: a name that is taken, or a target that is neither callable nor
                ``"package.module:name"``.
        """
        if name in self._readers:
            raise duplicate(f"reader of weights {shown(name)}", self._readers[name][1], self.owner)
        _check_target(f"target of reader of weights {shown(name)}", target)
        self._readers[name] = (target, self.owner)

    def add_models(self, file: Path) -> None:
        """Register a list of models (see :mod:`srcore.models.lists`); it is read when asked for.

        Raises:
            PluginError: there is no such file.
        """
        file = Path(file)
        if not file.is_file():
            raise PluginError(f"no list of models {file} (does the package's data include it?)")
        self._model_lists.append((file, self.owner))

    def get(self, kind: str, name: str) -> Component:
        """The component of a kind and name.

        Raises:
            SrcoreError: there is none; offers the closest name and the plugin to install.
        """
        kind = current_kind(kind)
        try:
            return self._components[kind, name]
        except KeyError:
            raise SrcoreError(self.unknown(kind, name)) from None

    def unknown(self, kind: str, name: str) -> str:
        """One line on a name that is not registered: closest match, package to install."""
        names = [component.name for component in self.components(kind)]
        elsewhere = self._elsewhere(kind)
        text = f"no {kind.replace('_', ' ')} {shown(name)}"
        if name in elsewhere:
            return f"{text}; {comes_with(elsewhere[name])}"
        close = difflib.get_close_matches(name, [*names, *elsewhere], n=1)
        if not close:
            return f"{text}; installed: {', '.join(names) or 'none'}"
        text += f"; did you mean {shown(close[0])}?"
        return text + (f" {comes_with(elsewhere[close[0]])}" if close[0] in elsewhere else "")

    def meant(self, kind: str, name: str) -> Component | None:
        """The component that a misspelt name stands for; None if another is nearly as near."""
        names = [component.name for component in self.components(kind)]
        close = difflib.get_close_matches(name, [*names, *self._elsewhere(kind)], n=2)
        nearness = [difflib.SequenceMatcher(None, name, other).ratio() for other in close]
        if not close or (len(close) == 2 and nearness[0] - nearness[1] < _CLEARLY):
            return None
        return self._components.get((kind, close[0]))

    def _elsewhere(self, kind: str) -> dict[str, str]:
        """Names of a kind that known plugins bring which are not installed, with the plugins."""
        installed = {component.owner for component in self._components.values()}
        return {
            known: owner
            for known, owner in known_plugins().get(kind, {}).items()
            if owner not in installed
        }

    def components(self, kind: str | None = None) -> Iterator[Component]:
        """All components, or those of one kind, sorted by kind and name."""
        kind = kind and current_kind(kind)
        order = {name: position for position, name in enumerate(self.kinds())}
        for component in sorted(
            self._components.values(), key=lambda entry: (order[entry.kind], entry.name)
        ):
            if kind is None or component.kind == kind:
                yield component

    def experiments(self) -> dict[str, tuple[Path, str]]:
        """Shipped experiments: name -> (file, owner)."""
        return dict(sorted(self._experiments.items()))

    def dialects(self) -> dict[str, tuple[Target, str]]:
        """Checkpoint dialects: name -> (target, owner), in the order of registration."""
        return dict(self._dialects)

    def readers(self) -> dict[str, tuple[Target, str]]:
        """Readers of foreign networks: name -> (target, owner), in the order of registration."""
        return dict(self._readers)

    def model_lists(self) -> list[tuple[Path, str]]:
        """Lists of models with their owners, in the order of registration."""
        return list(self._model_lists)


def duplicate(what: str, first: str, second: str) -> PluginError:
    """The error that a name is taken, with both who wanted it."""
    owners = f"by {label(first)} and by {label(second)}" if first != second else f"twice by {first}"
    return PluginError(f"{what} is registered {owners}")


def _check_target(what: str, target: object, *, plain: bool = False) -> None:
    """Refuse what can be built by no means when it is registered, not when it is first used."""
    if isinstance(target, str):
        module, _, name = target.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
            raise PluginError(f'{what} is "{target}"; expected "package.module:name"')
    elif not plain and not callable(target):
        raise PluginError(f"{what} is {shown(target)}; expected a callable or its name")
