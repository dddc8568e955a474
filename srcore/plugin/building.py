"""A component: a name, a class of options, and what builds it, imported when needed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import attrs

from srcore.errors import PluginError
from srcore.messages import shown
from srcore.options.declaration import NoOptions, keywords
from srcore.options.describing import unusable
from srcore.plugin.calling import remember, unfit
from srcore.plugin.discovery import label
from srcore.plugin.targets import Target, resolve


@attrs.frozen
class ComponentKind:
    """A kind of components.

    Attributes:
        name: what :func:`srcore.options.selection.component` and ``srcore components`` call it.
        contract: class that its components are instances of, or ``"package.module:name"`` of one;
            a protocol says what they must offer. None for the core's, see
            :mod:`srcore.contracts`.
        owner: distribution that added it.
    """

    name: str
    contract: Target | None
    owner: str

    def complaint(self, built: Any) -> str:
        """What a component lacks for this kind, or an empty string.

        Raises:
            PluginError: the contract is nothing that a component can be held against.
        """
        if self.contract is None:
            return ""
        what = f"contract of kind {shown(self.name)}"
        contract = resolve(self.contract, what, self.owner)
        try:
            if isinstance(built, contract):  # type: ignore[arg-type]  # else TypeError, see below
                return ""
        except TypeError:  # no class, or a protocol without runtime_checkable
            text = (
                f"{label(self.owner)}: {what} is {shown(contract)}; expected a class, or a protocol"
            )
            raise PluginError(f"{text} that is runtime_checkable") from None
        public = [name for name in dir(contract) if not name.startswith("_")]
        lacks = ", ".join(name for name in public if not hasattr(built, name))
        text = f"makes a {type(built).__name__}; expected a {contract.__name__}"
        return text + (f" (it lacks {lacks})" if lacks else "")


@attrs.frozen
class Component:
    """A named, configurable part of a kind.

    Attributes:
        kind: one of :data:`srcore.plugin.registry.KINDS`, or a kind that a plugin added.
        name: what ``type = "..."`` says in TOML; lower case with underscores.
        options_target: attrs class of the TOML keys or ``"package.module:name"`` of one; None:
            there are none.
        target: what builds it: a callable or ``"package.module:name"``, imported when needed.
        needs: what must be there for it to work. Of losses, networks, discriminators, transforms
            and datasets: what the method provides (``"ema_sr"``, ``"discriminator"``,
            ``"condition"``, ...) or the batch holds (``"lr"``, ``"hr"``, ...). Of methods: what
            their networks provide or the batch holds. Of metrics: ``"hr"``.
        provides: what others may need. Of datasets and transforms: entries of the batch. Of
            methods: ``"ema_sr"``, ``"discriminator"``, ``"condition"``, ..., and ``"losses"`` if
            the method brings its own and needs none in the file. Of losses: ``"penalty"``, if
            their terms alone train no discriminator. Entries of the batch that
            depend on keys are said by ``entries(self)`` of the options, those that a key names by
            ``option(..., entry=True)``.
        owner: distribution that registered it.
        rules: the kind, known once all plugins have registered.
    """

    kind: str
    name: str
    options_target: str | type | None
    target: Target
    needs: frozenset[str]
    provides: frozenset[str]
    owner: str
    rules: ComponentKind | None = None

    @property
    def label(self) -> str:
        """Kind and name, as error messages say them."""
        return f"{self.kind.replace('_', ' ')} {shown(self.name)}"

    @property
    def options(self) -> type:
        """The attrs class whose fields are the TOML keys.

        Raises:
            PluginError: it cannot be imported, is no attrs class, or declares a key of a type that
                no key can have.
        """
        options = self.options_target or NoOptions
        what = f"options of {self.label}"
        if isinstance(options, str):
            resolved = resolve(options, what, self.owner)
            if not (isinstance(resolved, type) and attrs.has(resolved)):
                raise PluginError(f"{label(self.owner)}: {what}: {options} is no attrs class")
            options = resolved
        complaint = unusable(options)
        if complaint:
            raise PluginError(f"{label(self.owner)}: {what}: {complaint}")
        return options

    def build(self, options: Any, **context: Any) -> Any:
        """Call the target with ``context`` and the options as keyword arguments.

        Raises:
            PluginError: the target cannot be imported, does not take these arguments, or makes
                what is against the contract of the kind.
        """
        given = keywords(options)
        target = resolve(self.target, self.label, self.owner)
        try:
            built = target(**context, **given)
        except TypeError as error:
            refused = _misfitting_arguments(target, context, given)
            if not refused:
                raise  # a mistake inside the target: its traceback says where
            text = f"{label(self.owner)}: {self.label}: {self.target} is built with {refused}"
            raise PluginError(text) from error
        complaint = unfit(self.kind, built)
        if self.rules is not None and not complaint:
            complaint = self.rules.complaint(built)
        if complaint:
            raise PluginError(f"{label(self.owner)}: {self.label}: {self.target} {complaint}")
        remember(built, self)
        return built

    def accepts(self, argument: str) -> bool:
        """Whether the target names an argument: what it is offered beside its options varies."""
        target = resolve(self.target, self.label, self.owner)
        try:
            return argument in inspect.signature(target).parameters
        except ValueError:  # no signature to be had
            return False


def _misfitting_arguments(
    target: Callable[..., Any], context: dict[str, Any], given: dict[str, Any]
) -> str:
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
