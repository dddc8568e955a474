"""What a list says of one model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from srcore.messages import shown
from srcore.suggest import closest

_NAME = re.compile(r"[a-z0-9]+(?:[-._][a-z0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@attrs.frozen(kw_only=True)
class PublishedModel:
    """A model of a list: what a user asks for by name.

    Attributes:
        name: as it is asked for.
        owner: distribution whose list holds it.
        title: as its author calls it.
        author: who published it.
        license: as the author states it, an SPDX name where there is one.
        architecture: as the field calls it, such as ``esrgan``.
        scale: factor between input and output sides.
        purposes: what it was made for, in the words of its list.
        date: when it was published.
        source: page that tells more.
        remark: what else one should know before using it.
        url: address of the file; empty: it comes with the distribution.
        sha256: of the file.
        bytes: its size.
        file: the file of a model that comes with the distribution.
    """

    name: str
    owner: str
    title: str = attrs.field(default=attrs.Factory(lambda self: self.name, takes_self=True))
    author: str
    license: str
    architecture: str
    scale: int
    purposes: tuple[str, ...] = ()
    date: str = ""
    source: str = ""
    remark: str = ""
    url: str = ""
    sha256: str = ""
    bytes: int = 0
    file: Path | None = None


#: What a table of a list may say: all but what its place says.
_FIELDS = [
    field
    for field in attrs.fields(attrs.resolve_types(PublishedModel))
    if field.name not in ("name", "owner")
]
_KEYS = [field.name for field in _FIELDS]
_NEEDED = [field.name for field in _FIELDS if field.default is attrs.NOTHING]
_TEXTS = [field.name for field in _FIELDS if field.type is str]
_WHOLE = [field.name for field in _FIELDS if field.type is int]


def problems_of(name: str, table: Any, folder: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with a table of a list: dotted keys, and what was expected and found."""
    if not _NAME.fullmatch(name):
        yield "", "expected a name of small letters, digits and - . _ between them"
    if not isinstance(table, Mapping):
        yield "", f"expected a table, found {shown(table)}"
        return
    for key in sorted(table.keys() - set(_KEYS)):
        hint = closest(key, _KEYS) or f"known keys: {', '.join(sorted(_KEYS))}"
        yield f".{key}", f"unknown key; {hint}"
    for key in _NEEDED:
        if key not in table:
            yield f".{key}", "is missing"
    yield from _problems_of_values(table)
    yield from _problems_of_place(table, folder)


def _problems_of_values(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in _TEXTS:
        if key in table and not (isinstance(table[key], str) and table[key].strip()):
            yield f".{key}", f"expected a text, found {shown(table[key])}"
    for key in _WHOLE:
        value = table.get(key, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            yield f".{key}", f"expected a whole number of at least 1, found {shown(value)}"
    purposes = table.get("purposes", [])
    if not isinstance(purposes, list) or not all(isinstance(it, str) for it in purposes):
        yield ".purposes", f"expected a list of texts, found {shown(purposes)}"


def _problems_of_place(table: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    if ("url" in table) == ("file" in table):
        yield "", "expected either url, with sha256 and bytes, or file, a file beside the list"
        return
    if "file" in table:
        name = table["file"]
        is_beside = isinstance(name, str) and Path(name).name == name and (folder / name).is_file()
        if not is_beside:
            yield ".file", f"expected the name of a file in {folder}, found {shown(name)}"
        return
    if not str(table["url"]).startswith(("https://", "http://")):
        yield ".url", f"expected an address that begins with https://, found {shown(table['url'])}"
    if not _SHA256.fullmatch(str(table.get("sha256", ""))):
        text = shown(table.get("sha256", "nothing"))
        yield ".sha256", f"expected 64 hexadecimal digits in small letters, found {text}"
    if "bytes" not in table:
        yield ".bytes", "is missing"


def made(name: str, table: Mapping[str, Any], folder: Path, owner: str) -> PublishedModel:
    """The model of a table without problems."""
    plain = {key: value for key, value in table.items() if key in (*_TEXTS, *_WHOLE)}
    return PublishedModel(
        name=name,
        owner=owner,
        purposes=tuple(table.get("purposes", ())),
        file=folder / table["file"] if "file" in table else None,
        **plain,
    )
