"""Lists of models: TOML files of facts that come with srcore and with plugins.

    [architectures.realplksr]
    network = "spandrel_realplksr"
    reader = "spandrel"

    [models.my-model]
    author = "somebody"
    license = "CC-BY-4.0"
    architecture = "realplksr"
    scale = 4
    url = "https://example.org/my-model.safetensors"
    sha256 = "..."
    bytes = 29486580

``file = "name.safetensors"`` in the place of ``url``, ``sha256`` and ``bytes`` is a file beside the
list. An architecture says which network trains it, and which reader of weights opens it for use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from srcore.errors import PluginError
from srcore.files.toml import MalformedTomlError, parse_toml
from srcore.messages import one_line, shown
from srcore.models.entry import PublishedModel, made, problems_of
from srcore.plugin.discovery import label

_TABLES = ("architectures", "models")


@attrs.frozen
class Requirement:
    """What is needed for the models of an architecture.

    Attributes:
        network: registered name of the network that trains it; empty: there is none.
        reader: name of the reader of weights that opens its files too; empty: there is none.
        package: Python package that the reader needs beside that of its name.
    """

    network: str = ""
    reader: str = ""
    package: str = ""


@attrs.frozen
class ModelList:
    """A list as it was read."""

    models: tuple[PublishedModel, ...]
    architectures: dict[str, Requirement]


@cache
def read_models(file: Path, owner: str) -> ModelList:
    """Read a list.

    Raises:
        PluginError: it cannot be read; names its owner and everything that is wrong with it.
    """
    try:
        table = parse_toml(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, MalformedTomlError) as error:
        raise PluginError(f"{label(owner)}: {file}: {error}") from None
    complaints = list(_complaints_about_list(table, file.parent))
    if complaints:
        raise PluginError(f"{label(owner)}: {file}: {'; '.join(map(one_line, complaints))}")
    models = table.get("models", {}).items()
    architectures = table.get("architectures", {}).items()
    return ModelList(
        tuple(made(name, entry, file.parent, owner) for name, entry in models),
        {name: Requirement(**entry) for name, entry in architectures},
    )


def _complaints_about_list(table: Mapping[str, Any], folder: Path) -> Iterator[str]:
    for name in table.keys() - set(_TABLES):
        yield f"{name}: unknown table; tables of a list are {' and '.join(_TABLES)}"
    for name in _TABLES:
        if not isinstance(table.get(name, {}), Mapping):
            yield f"{name}: expected a table, found {shown(table[name])}"
            return
    keys = [field.name for field in attrs.fields(Requirement)]
    for name, entry in table.get("architectures", {}).items():
        known = isinstance(entry, Mapping) and set(entry) <= set(keys)
        if not known or not all(isinstance(it, str) for it in entry.values()):
            yield f"architectures.{name}: expected texts {' and '.join(keys)}, found {shown(entry)}"
    for name, entry in table.get("models", {}).items():
        for key, text in problems_of(name, entry, folder):
            yield f"models.{name}{key}: {text}"
