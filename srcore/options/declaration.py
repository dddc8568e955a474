"""Options of components: one attrs class per TOML table, each key declared once.

A class of options is an ordinary frozen attrs class whose fields are made with :func:`option`:

>>> @attrs.frozen(kw_only=True)
... class BlurOptions:
...     '''Gaussian blur.'''
...
...     sigma: float = option(1.5, "standard deviation in pixels", gt=0)
>>> BlurOptions(sigma=-1.0)
Traceback (most recent call last):
    ...
srcore.options.declaration.InvalidOptionError: sigma: expected a number > 0, found -1.0

The declaration is all there is: the strict conversion from TOML, ``srcore check``,
``srcore components`` and the reference documentation read it. Modules that hold such classes must
not import torch, so that checking an experiment stays quick.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import attrs

from srcore.errors import SrcoreError
from srcore.messages import shown

T = TypeVar("T")

#: Where an attrs field keeps its :class:`Declaration`.
METADATA_KEY = "srcore"

#: Where an attrs field of :func:`srcore.options.component` keeps its arguments of these names.
KIND, INLINE, BY_ROLE = "srcore.kind", "srcore.inline", "srcore.by_role"
DEFAULT_TYPE = "srcore.default_type"

#: Whole numbers without an upper limit of their own end here.
LARGEST_INTEGER = 2**31 - 1


class InvalidOptionError(SrcoreError, ValueError):
    """An option's value lies outside what its declaration allows."""

    exit_code = 2

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


@attrs.frozen
class Declaration:
    """What :func:`option` says of a key beside its type and default.

    Attributes:
        help: one phrase with unit, range and the paper's symbol.
        ge, gt, le, lt: numeric limits; for tuples and lists they hold for every element.
        path: the value names a file or folder that must exist (``"any"``: either).
        check: returns a complaint, or an empty string.
        entry: the value names an entry of the batch that is read.
        inference: of networks: it can be chosen whenever the network is used.
        may_change: a run may be resumed with another value; what was trained is the same.
    """

    help: str
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    path: Literal["file", "folder", "any"] | None = None
    check: Callable[[Any], str] | None = None
    entry: bool = False
    inference: bool = False
    may_change: bool = False

    @property
    def limits(self) -> str:
        """The numeric limits in words, such as ``>= 0 and < 1``; empty without limits."""
        signs = ((">=", self.ge), (">", self.gt), ("<=", self.le), ("<", self.lt))
        return " and ".join(f"{sign} {limit:g}" for sign, limit in signs if limit is not None)

    def complaint(self, value: Any) -> str:
        """What is wrong with ``value``, or an empty string."""
        numbers = value if isinstance(value, (tuple, list)) else (value,)
        complaint = self._beyond_numbers(value)
        if complaint:
            return complaint
        if not all(self._within_limits(number) for number in numbers):
            several = "numbers" if isinstance(value, (tuple, list)) else "a number"
            return f"expected {several} {self.limits}, found {shown(value)}"
        if self.check is not None and value is not None:
            return self.check(value)
        return ""

    def _beyond_numbers(self, value: Any) -> str:
        """A complaint about what no computation takes: NaN, infinity, endless whole numbers."""
        if isinstance(value, (tuple, list)):
            return next(filter(None, map(self._beyond_numbers, value)), "")
        if isinstance(value, dict):
            return next(filter(None, map(self._beyond_numbers, value.values())), "")
        if isinstance(value, float) and not math.isfinite(value):
            return f"expected a finite number, found {value}"
        bounded = self.le is not None or self.lt is not None
        if isinstance(value, int) and not bounded and abs(value) > LARGEST_INTEGER:
            return f"expected a whole number up to {LARGEST_INTEGER}, found {shown(value)}"
        return ""

    def _within_limits(self, number: Any) -> bool:
        if not isinstance(number, (int, float)):
            return True
        return (
            (self.ge is None or number >= self.ge)
            and (self.gt is None or number > self.gt)
            and (self.le is None or number <= self.le)
            and (self.lt is None or number < self.lt)
        )


def option(
    default: Any = attrs.NOTHING,
    help: str = "",
    *,
    factory: Callable[[], Any] | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    path: Literal["file", "folder", "any"] | None = None,
    check: Callable[[Any], str] | None = None,
    entry: bool = False,
    inference: bool = False,
    may_change: bool = False,
) -> Any:
    """Declare one key: default (none: the key is required), meaning, and what is allowed.

    >>> @attrs.frozen(kw_only=True)
    ... class Options:
    ...     weight: float = option(1.0, "factor of the loss", ge=0)
    >>> Options().weight
    1.0
    >>> from srcore.options.describing import describe
    >>> list(describe(Options))
    [('weight', 'float', '1.0', 'factor of the loss (>= 0)')]

    Args:
        default: value when the key is absent.
        help: one phrase with unit, range and the paper's symbol.
        factory: makes the default where it must not be shared.
        ge: smallest allowed value. ``gt``, ``le``, ``lt`` accordingly.
        gt: exclusive lower limit.
        le: largest allowed value.
        lt: exclusive upper limit.
        path: the value is a path that must exist when the experiment is checked.
        check: returns a complaint about a value, or an empty string.
        entry: the value names an entry of the batch that is read; ``srcore check`` looks whether
            the data or a transform makes it (``entries`` of their options).
        inference: of a network: it can be chosen whenever the network is used, as in
            ``srcore upscale --network steps=4``; the weights do not depend on it.
        may_change: a run may be resumed with another value, since what was trained so far does not
            depend on it; with False, resuming is refused.
    """
    declaration = Declaration(
        help,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        path=path,
        check=check,
        entry=entry,
        inference=inference,
        may_change=may_change,
    )

    def validate(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        complaint = declaration.complaint(value)
        if complaint:
            raise InvalidOptionError(attribute.name, complaint)

    metadata = {METADATA_KEY: declaration}
    if factory is not None:
        return attrs.field(factory=factory, validator=validate, metadata=metadata)
    return attrs.field(default=default, validator=validate, metadata=metadata)


def further_keys(help: str) -> Any:
    """Declare that a table may have keys of names that it does not know: ``dict[str, ...]``.

    They stand in the table itself; what they may be is looked at elsewhere.
    """
    metadata = {METADATA_KEY: Declaration(help), INLINE: True}
    return attrs.field(factory=dict, metadata=metadata)


def declaration_of(attribute: attrs.Attribute[Any]) -> Declaration:
    """The declaration of an attrs field; an empty one for fields made without :func:`option`."""
    declaration = attribute.metadata.get(METADATA_KEY)
    return declaration if isinstance(declaration, Declaration) else Declaration("")


def is_inline(attribute: attrs.Attribute[Any]) -> bool:
    """Whether its keys, those of a component or further ones, stand beside the other fields."""
    return bool(attribute.metadata.get(INLINE))


def key_of(attribute: attrs.Attribute[Any]) -> str:
    """The key of a field in TOML: its name; ``for_`` stands for ``for``, a word of Python."""
    plain = attribute.name.removesuffix("_")
    return plain if keyword.iskeyword(plain) else attribute.name


def keywords(options: Any) -> dict[str, Any]:
    """The fields of an options instance as keyword arguments (not recursive)."""
    return {
        attribute.name: getattr(options, attribute.name)
        for attribute in attrs.fields(type(options))
    }


def defaults(options: type[T]) -> T:
    """What the keys of a class are by default, for constructors with the same parameters.

        _DEFAULT = defaults(BlurOptions)

        def blur(image: Tensor, sigma: float = _DEFAULT.sigma) -> Tensor: ...

    Keys without a default are missing.
    """
    made = object.__new__(options)
    for attribute in attrs.fields(options):  # type: ignore[arg-type]  # an attrs class
        value = attribute.default
        if value is attrs.NOTHING:
            continue
        object.__setattr__(
            made,
            attribute.name,
            value.factory() if isinstance(value, attrs.Factory) else value,  # type: ignore[arg-type]  # a class
        )
    return made


@attrs.frozen(kw_only=True)
class NoOptions:
    """No keys beside ``type``."""
