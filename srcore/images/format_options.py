"""Options of written files: every format declares its own; here they are found and checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin

import attrs

from srcore.errors import DataError
from srcore.images.format import ImageFormat, Where, WritableFormat
from srcore.images.formats import FORMATS, of_suffix
from srcore.messages import shown
from srcore.options.declaration import METADATA_KEY, Declaration, InvalidOptionError


@attrs.frozen
class WritingOption:
    """An option of files of one format or several.

    Attributes:
        name: of the option.
        default: what it is if it is not given; of the first format.
        kind: ``bool`` or ``int``; ``str`` if there are choices.
        choices: allowed words; empty: any value of the kind within the limits.
        declaration: limits, and what it means.
        formats: names of the formats that have it.
    """

    name: str
    default: Any
    kind: type
    choices: tuple[str, ...]
    declaration: Declaration
    formats: tuple[str, ...]

    @property
    def is_flag(self) -> bool:
        """Whether it is given or not."""
        return self.kind is bool

    @property
    def flag(self) -> str:
        """On the command line."""
        return f"--{self.name.replace('_', '-')}"


@cache
def writing_options() -> tuple[WritingOption, ...]:
    """The options of all formats by name, in the order in which formats declare them."""
    fields: dict[str, list[tuple[ImageFormat, attrs.Attribute[Any]]]] = defaultdict(list)
    for image_format in FORMATS:
        for field in _fields(image_format):
            fields[field.name].append((image_format, field))
    return tuple(_merged_option(name, entries) for name, entries in fields.items())


def _fields(image_format: ImageFormat) -> tuple[attrs.Attribute[Any], ...]:
    if not isinstance(image_format, WritableFormat):
        return ()
    attrs.resolve_types(image_format.options)
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(image_format.options)
    return fields


def _merged_option(
    name: str, entries: list[tuple[ImageFormat, attrs.Attribute[Any]]]
) -> WritingOption:
    _, field = entries[0]
    choices = _words_of_literal(field.type)
    return WritingOption(
        name,
        field.default,
        str if choices else bool if field.type is bool else int,
        choices,
        field.metadata[METADATA_KEY],
        tuple(image_format.name for image_format, _ in entries),
    )


def _words_of_literal(hint: Any) -> tuple[str, ...]:
    """The words of a ``Literal``, which may be one of several kinds (``Literal[...] | None``)."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(word for part in get_args(hint) for word in _words_of_literal(part))


def made_options(image_format: WritableFormat, given: Mapping[str, Any], where: Where) -> Any:
    """An object of the format's own options.

    Raises:
        DataError: an option that the format does not have, or a value that it does not take.
    """
    fields = {field.name: field for field in _fields(image_format)}
    for name, value in given.items():
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise DataError(
                f"{where}: {name}: not an option of {image_format.name}, whose are: {known}"
            )
        choices = _words_of_literal(fields[name].type)
        kind: type = bool if fields[name].type is bool else str if choices else int
        is_default = value is None and fields[name].default is None
        if not is_default and (type(value) is not kind or (choices and value not in choices)):
            expected = ", ".join(choices) or ("true or false" if kind is bool else "a whole number")
            raise DataError(f"{where}: {name}: expected {expected}, found {shown(value)}")
    try:
        return image_format.options(**given)
    except InvalidOptionError as error:
        raise DataError(f"{where}: {error}") from None


def fitting_options(suffix: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the given options that files of a suffix have."""
    image_format = of_suffix(suffix)
    names = {field.name for field in _fields(image_format)} if image_format else set()
    return {name: value for name, value in given.items() if name in names}


def unfit_options(suffixes: Iterable[str], given: Mapping[str, Any]) -> list[str]:
    """A line for every option that none of these files has, and for those that exclude others."""
    written = {it.name: it for suffix in suffixes if (it := of_suffix(suffix)) is not None}
    names = {field.name for it in written.values() for field in _fields(it)}
    foreign = [
        f"{option.flag}: not an option of {', '.join(sorted(written))} but of "
        f"{', '.join(option.formats)}"
        for option in writing_options()
        if option.name in given and option.name not in names and written
    ]
    return [*foreign, *filter(None, (_contradiction(it, given) for it in written.values()))]


def _contradiction(image_format: ImageFormat, given: Mapping[str, Any]) -> str:
    """What is wrong with the given options of a format, empty if nothing."""
    if not isinstance(image_format, WritableFormat):
        return ""
    own = fitting_options(image_format.suffixes[0], given)
    try:
        made_options(image_format, own, image_format.name)
    except DataError as error:
        return str(error)
    return ""
