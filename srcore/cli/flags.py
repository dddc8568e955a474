"""Flags of a command from a class of options: type, default and meaning stand there once.

An annotation may say how a value is written: ``Annotated[str, "NAMES"]`` shows ``NAMES`` in the
help, ``Annotated[Path, click.Path(...)]`` is converted by click, as :data:`File` is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import attrs
import click

from srcore.cli.existing import ExistingPath
from srcore.cli.grouped import HeadedOption
from srcore.cli.numbers import FiniteRange, WholeRange
from srcore.messages import shown
from srcore.options.declaration import Declaration, declaration_of

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

#: A file or folder that is written; it need not exist.
File = Annotated[Path, click.Path(path_type=Path, dir_okay=False)]
Folder = Annotated[Path, click.Path(path_type=Path, file_okay=False)]


class DeclaredOption(HeadedOption):
    """An option whose type, default, limits and meaning stand in a class of options."""


def _word_or_pixels(words: Collection[str | None]) -> Callable[..., Any]:
    """A callback for numbers of pixels and a few words; ``none`` stands for None."""

    def converted(ctx: click.Context, parameter: click.Parameter, value: str) -> int | str | None:
        word = None if value == "none" else value
        if word in words:
            return word
        if not value.isdigit():
            raise click.BadParameter(f"expected a number of pixels or auto, found {shown(value)}")
        return int(value)

    return converted


def flags(
    into: str,
    options: type[Any],
    only: Collection[str] = (),
    *,
    names: Mapping[str, str] = MappingProxyType({}),
    heading: str = "",
    **defaults: Any,
) -> _Decorator:
    """Give a command a flag for every field of a class of options.

    Args:
        into: parameter of the function that gets an object of the class.
        options: the class; its fields are made with :func:`srcore.option`.
        only: names of fields; empty: all. Of the others the class has the defaults.
        names: of flags that are not called as their fields, by field: ``{"tags": "tag"}``
            for one that is repeated.
        heading: under which the flags stand in the help of a
            :class:`srcore.cli.grouped.GroupedCommand`.
        defaults: by name, where the command has another default than the class.
    """
    hints = get_type_hints(options, include_extras=True)
    fields = [it for it in attrs.fields(options) if not only or it.name in only]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def called(*arguments: Any, **given: Any) -> Any:
            own = {field.name: given.pop(field.name) for field in fields}
            return function(*arguments, **{into: options(**own)}, **given)

        made: Callable[..., Any] = called
        for field in reversed(fields):
            default = defaults.get(field.name, field.default)
            made = _click_option(
                field.name,
                hints[field.name],
                default,
                declaration_of(field),
                flag=names.get(field.name, ""),
                heading=heading,
            )(made)
        return made

    return decorate


def flag(
    options: type[Any],
    field: str,
    name: str = "",
    *,
    default: Any = attrs.NOTHING,
    heading: str = "",
) -> _Decorator:
    """Give a command a flag for one field of a class of options, as a parameter of its own.

        @click.command()
        @flag(BlurOptions, "sigma")
        def blur(sigma: float) -> None: ...

    Args:
        options: the class; the field is made with :func:`srcore.option`. Without a default the
            flag is required.
        field: its name.
        name: of the flag and the parameter; empty: that of the field.
        default: where the command has another one than the class.
        heading: see :func:`flags`.
    """
    hint = get_type_hints(options, include_extras=True)[field]
    declared = next(it for it in attrs.fields(options) if it.name == field)
    declaration = declaration_of(declared)

    def checked(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        complaint = "" if value is None else declaration.complaint(value)
        if complaint:
            raise click.BadParameter(complaint)
        return value

    if default is attrs.NOTHING:
        default = declared.default
    return _click_option(
        name or field, hint, default, declaration, callback=checked, heading=heading
    )


def _click_option(
    name: str, hint: Any, default: Any, declaration: Declaration, *, flag: str = "", **about: Any
) -> Callable[..., Any]:
    hint, written = _bare(hint)
    flag = f"--{(flag or name).replace('_', '-')}"
    about |= {
        "cls": DeclaredOption,
        "help": f"{declaration.help[:1].upper()}{declaration.help[1:]}.",
        "metavar": written if isinstance(written, str) else None,
    }
    if hint is bool:
        return click.option(flag, name, is_flag=True, **about)
    if get_origin(hint) is tuple:
        kinds: Collection[Any] = {get_args(hint)[0]}
        return click.option(flag, name, multiple=True, type=_type(kinds, declaration), **about)
    kinds = {hint} if get_origin(hint) is Literal else set(get_args(hint)) or {hint}
    if default is attrs.NOTHING:
        about["required"] = True
    elif isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class
        about["default"] = default.factory  # called when the command is; its help says what it is
    else:
        about |= {"default": default, "show_default": default not in (None, "")}
    if isinstance(written, click.ParamType):
        return click.option(flag, name, type=written, **about)
    words = [word for kind in kinds for word in get_args(kind)]
    if words and int in kinds:
        words += [None] * (type(None) in kinds)
        about["show_default"] = True
        return click.option(flag, name, callback=_word_or_pixels(words), **about)
    chosen = click.Choice(words) if words else _type(kinds, declaration)
    return click.option(flag, name, type=chosen, **about)


def _bare(hint: Any) -> tuple[Any, Any]:
    """A hint, or that of ``X | None``, without ``Annotated``, and what that said."""
    for part in (hint, *get_args(hint)):
        if get_origin(part) is Annotated:
            bare, written = get_args(part)
            return bare, written
    return hint, None


def _type(kinds: Collection[Any], declaration: Declaration) -> Any:
    if Path in kinds and declaration.path:
        return ExistingPath(declaration.path)
    if Path in kinds:
        return click.Path(path_type=Path)
    if int in kinds:
        low, high = declaration.ge, declaration.le
        return WholeRange(None if low is None else int(low), None if high is None else int(high))
    if str in kinds:
        return click.STRING
    above, below = declaration.gt is not None, declaration.lt is not None
    return FiniteRange(
        declaration.gt if above else declaration.ge,
        declaration.lt if below else declaration.le,
        min_open=above,
        max_open=below,
    )
