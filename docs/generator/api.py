"""The page of the public Python names."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import attrs
import pluggy

import srcore
from generator.docstrings import inline, items, markdown, sections
from generator.signatures import definition, fields
from srcore import capabilities, contracts

#: Modules whose names are public, beside srcore itself.
MODULES = (
    "srcore.datasets",
    "srcore.methods",
    "srcore.metrics",
    "srcore.runs",
    "srcore.sources",
    "srcore.testing",
    "srcore.weights",
)

#: What hooks are given, and what stands in their signatures.
RECEIVED = (
    "srcore.plugin.registry:Registry",
    "srcore.plugin.registry:Component",
    "srcore.engine.run:Run",
    "srcore.engine.parts:Parts",
    "srcore.engine.updater:Updater",
    "srcore.methods.base:Method",
    "srcore.errors:Problem",
)


def api_page() -> str:
    """Signatures and docstrings of everything public."""
    parts = [
        "# Python API",
        "Names of `srcore` are imported when they are first used; `import srcore` imports no "
        "PyTorch.",
    ]
    for name in sorted(srcore.__all__):
        if name.startswith("__") or inspect.ismodule(getattr(srcore, name)):
            continue
        parts += _entry(f"srcore.{name}", getattr(srcore, name), "##")
    for module in MODULES:
        found = importlib.import_module(module)
        parts += [f"## {module}", markdown(inspect.getdoc(found) or "")]
        for name in sorted(found.__all__):
            parts += _entry(f"{module}.{name}", getattr(found, name), "###")
    parts += ["## Contracts", markdown(inspect.getdoc(contracts) or "")]
    for name, cls in vars(contracts).items():
        if inspect.isclass(cls) and cls.__module__ == contracts.__name__ and name != "LossContext":
            parts += _entry(f"srcore.contracts.{name}", cls, "###")
    parts += ["## Capabilities", markdown(inspect.getdoc(capabilities) or ""), _capabilities()]
    parts += ["## What hooks receive"]
    for path in RECEIVED:
        module, _, name = path.partition(":")
        cls = getattr(importlib.import_module(module), name)
        parts += _entry(f"{module}.{name}", cls, "###")
    return "\n\n".join(part for part in parts if part) + "\n"


def public_names() -> Iterator[str]:
    """Dotted names that the page must hold."""
    for name in srcore.__all__:
        if not name.startswith("__"):
            yield f"srcore.{name}"
    for module in MODULES:
        yield from (f"{module}.{name}" for name in importlib.import_module(module).__all__)


def _entry(name: str, found: Any, level: str) -> Iterator[str]:
    yield f"{level} {name}"
    if inspect.isclass(found):
        yield from _class(found)
    elif callable(found) and inspect.getdoc(found) and inspect.isroutine(found):
        yield f"```py\n{definition(name.rpartition('.')[2], found)}\n```"
        yield markdown(inspect.getdoc(found) or "")
    elif isinstance(found, pluggy.HookimplMarker):
        yield "Marks a function as the implementation of a hook: `@srcore.hookimpl`."
    else:
        yield f"```py\n{name.rpartition('.')[2]} = {found!r}\n```"


def _class(cls: type) -> Iterator[str]:
    yield markdown(cls.__doc__ or "", without=("Attributes",))
    about = {
        each.strip(): text
        for section in sections(cls.__doc__ or "")
        if section.title == "Attributes"
        for name, text in items(section.lines)
        for each in name.split(",")
    }
    if attrs.has(cls):
        types = dict(fields(cls))
        about = {name: about.get(name, "") for name in types} | about
    else:
        types = {name: str(kind) for name, kind in vars(cls).get("__annotations__", {}).items()}
        about |= {name: "" for name in types if name not in about and not name.startswith("_")}
    if about:
        rows = ["| attribute | type | meaning |", "|---|---|---|"]
        for name, text in about.items():
            kind = f"`{types[name]}`".replace("|", r"\|") if types.get(name) else ""
            rows.append(f"| `{name}` | {kind} | {text} |")
        yield "\n".join(rows)
    yield from _members(cls)


def _members(cls: type) -> Iterator[str]:
    for name, member in vars(cls).items():
        public = not name.startswith("_") or (name == "__call__" and _is_protocol(cls))
        if isinstance(member, property):
            if public:
                yield f"**`{name}`** (property): {inline(_first(member))}"
        elif public and inspect.isfunction(member):
            signature = definition(name, member, method=True)
            yield f"```py\n{signature}\n```"
            text = markdown(inspect.getdoc(member) or "") if member.__doc__ else ""
            if text:
                yield text


def _is_protocol(cls: type) -> bool:
    return bool(getattr(cls, "_is_protocol", False))


def _first(member: Any) -> str:
    return " ".join((inspect.getdoc(member) or "").split())


def _capabilities() -> str:
    """What parts and options may declare, with defaults."""
    tables = {**capabilities.PARTS, "options": capabilities.OPTIONS}
    lines = ["| of | name | default | meaning |", "|---|---|---|---|"]
    for kind, known in tables.items():
        for name, entry in known.items():
            default = "" if entry.is_method else f"`{entry.default!r}`"
            lines.append(f"| {kind.replace('_', ' ')} | `{name}` | {default} | {entry.help} |")
    return "\n".join(lines)
