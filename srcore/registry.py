"""Where plugins put what they bring: components, experiments and weight dialects, by name."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

from srcore.discovery import label
from srcore.errors import PluginError, SrcoreError, cause
from srcore.options import NoOptions, keywords

#: Kinds of components. What is passed to a target beside its options, and what it must offer, is
#: written in :mod:`srcore.contracts`.
KINDS = (
    "network",
    "discriminator",
    "discriminator_input",
    "loss",
    "labels",
    "transform",
    "dataset",
    "method",
    "stage",
    "metric",
    "optimizer",
    "schedule",
)

#: The plugins of this project by what their names begin with, so that an unknown name can say
#: what to install.
KNOWN_PLUGINS = {
    "esrdgan": "srplug-esrdgan",
    "ldl": "srplug-ldl",
    "sed": "srplug-sed",
    "dlsn": "srplug-dlsn",
    "gla": "srplug-dlsn",
    "usrdu": "srplug-usrdu",
    "instance": "srplug-esrdgan",  # instance_noise
    "gradient": "srplug-usrdu",  # gradient_map; gradient_penalty is the core's and always there
    "high": "srplug-usrdu",  # high_pass
    "laplace": "srplug-usrdu",  # laplace_sampling
    "gaussian": "srplug-usrdu",  # gaussian_l1; gaussian_noise is the core's and always there
}

Target = str | Callable[..., Any]


def resolve(target: Target, what: str = "target", owner: str = "srcore") -> Callable[..., Any]:
    """The callable behind ``"package.module:name"``; imported now, not earlier.

    Args:
        target: what a plugin registered.
        what: what it is, for the message.
        owner: distribution that registered it.

    Raises:
        PluginError: the module cannot be imported or lacks the name.
    """
    if not isinstance(target, str):
        return target
    module, _, name = target.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (SrcoreError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit() at import included
        text = f"{label(owner)}: {what}: cannot import {target}: {cause(error)}"
        raise PluginError(text) from error
    return found


@attrs.frozen
class Component:
    """A named, configurable part of a kind.

    Attributes:
        kind: one of :data:`KINDS`.
        name: what ``type = "..."`` says in TOML; lower case with underscores.
        options: attrs class whose fields are the TOML keys.
        target: what builds it: a callable or ``"package.module:name"``, imported when needed.
        needs: what must be there for it to work: for losses the context entries ``"ema_sr"`` or
            ``"discriminator"``, for metrics ``"hr"``.
        provides: for methods, what losses may need: ``"ema_sr"``, ``"discriminator"``, or
            ``"losses"`` if the method brings its own and needs none in the file.
        owner: distribution that registered it.
    """

    kind: str
    name: str
    options: type
    target: Target
    needs: frozenset[str]
    provides: frozenset[str]
    owner: str

    def build(self, options: Any, **context: Any) -> Any:
        """Call the target with ``context`` and the options as keyword arguments.

        Raises:
            PluginError: the target cannot be imported, or does not take these arguments.
        """
        given = keywords(options)
        what = f"{self.kind.replace('_', ' ')} {self.name!r}"
        target = resolve(self.target, what, self.owner)
        try:
            return target(**context, **given)
        except TypeError as error:
            refused = _refused(target, context, given)
            if not refused:
                raise  # a mistake inside the target: its traceback says where
            text = f"{label(self.owner)}: {what}: {self.target} is built with {refused}"
            raise PluginError(text) from error


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

    def owned_by(self, owner: str) -> Registry:
        """The same registry for another distribution: what it adds belongs to ``owner``."""
        return attrs.evolve(self, owner=owner)

    def add(
        self,
        kind: str,
        name: str,
        options: type | None,
        target: Target,
        *,
        needs: Iterable[str] = (),
        provides: Iterable[str] = (),
    ) -> None:
        """Register a component.

        Args:
            kind: one of :data:`KINDS`.
            name: unique within the kind.
            options: attrs class of its keys, or None if it has none.
            target: callable or ``"package.module:name"``; a string keeps start-up quick.
            needs: see :class:`Component`.
            provides: see :class:`Component`.

        Raises:
            PluginError: unknown kind, options that are no attrs class, a target that is neither
                callable nor ``"package.module:name"``, or a name that is taken.
        """
        if kind not in KINDS:
            raise PluginError(f"registers {name!r} as a {kind!r}; kinds are {', '.join(KINDS)}")
        if options is not None and not (isinstance(options, type) and attrs.has(options)):
            raise PluginError(f"options of {kind} {name!r} must be an attrs class")
        _check_target(f"{kind} {name!r}", target)
        taken = self._components.get((kind, name))
        if taken is not None:
            raise _duplicate(f"{kind} {name!r}", taken.owner, self.owner)
        self._components[kind, name] = Component(
            kind,
            name,
            options or NoOptions,
            target,
            frozenset(needs),
            frozenset(provides),
            self.owner,
        )

    def add_experiments(self, prefix: str, folder: Path) -> None:
        """Register every ``*.toml`` below ``folder`` as ``prefix/<stem>`` (no prefix: the stem)."""
        paths = sorted(Path(folder).glob("*.toml"))
        if not paths:
            raise PluginError(
                f"no experiments in {folder}; expected *.toml files (does the package's data "
                "include them?)"
            )
        for path in paths:
            name = f"{prefix}/{path.stem}" if prefix else path.stem
            if name in self._experiments:
                raise _duplicate(f"experiment {name!r}", self._experiments[name][1], self.owner)
            self._experiments[name] = (path, self.owner)

    def add_dialect(self, name: str, target: Target) -> None:
        """Register a checkpoint dialect (see :mod:`srcore.weights.dialects`)."""
        if name in self._dialects:
            raise _duplicate(f"weight dialect {name!r}", self._dialects[name][1], self.owner)
        _check_target(f"weight dialect {name!r}", target, plain=True)
        self._dialects[name] = (target, self.owner)

    def get(self, kind: str, name: str) -> Component:
        """The component, or an error that offers the closest name and the plugin to install."""
        try:
            return self._components[kind, name]
        except KeyError:
            raise SrcoreError(self.unknown(kind, name)) from None

    def unknown(self, kind: str, name: str) -> str:
        """One line on a name that is not registered: closest match, package to install."""
        names = [component.name for component in self.components(kind)]
        close = difflib.get_close_matches(name, names, n=1)
        text = f"no {kind.replace('_', ' ')} {name!r}"
        if close:
            text += f"; did you mean {close[0]!r}?"
        package = KNOWN_PLUGINS.get(name.partition("_")[0])
        installed = {component.owner for component in self._components.values()}
        if package is not None and package not in installed:
            text += f"; it comes with {package} (pip install {package})"
        elif not close:
            text += f"; installed: {', '.join(names) or 'none'}"
        return text

    def components(self, kind: str | None = None) -> Iterator[Component]:
        """All components, or those of one kind, sorted by kind and name."""
        order = {name: position for position, name in enumerate(KINDS)}
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


def _duplicate(what: str, first: str, second: str) -> PluginError:
    owners = f"by {label(first)} and by {label(second)}" if first != second else f"twice by {first}"
    return PluginError(f"{what} is registered {owners}")


def _check_target(what: str, target: object, *, plain: bool = False) -> None:
    """Refuse what can be built by no means when it is registered, not when it is first used."""
    if isinstance(target, str):
        module, _, name = target.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
            raise PluginError(f'target of {what} is "{target}"; expected "package.module:name"')
    elif not plain and not callable(target):
        raise PluginError(f"target of {what} is {target!r}; expected a callable or its name")


def _refused(target: Callable[..., Any], context: dict[str, Any], given: dict[str, Any]) -> str:
    """What about the arguments does not fit the signature; empty if they fit."""
    names = ", ".join([*context, *given]) or "no arguments"
    twice = ", ".join(context.keys() & given.keys())
    if twice:
        return f"{names}: the key {twice} is also given by srcore; rename it"
    try:
        inspect.signature(target).bind(**context, **given)
    except TypeError as error:
        return f"{names}: {error}"
    except ValueError:  # no signature to be had
        pass
    return ""
