"""The page of the public Python names."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import griffe

import srcore
from srcore import capabilities
from srcore.files import text_tables
from writers.definitions import defined, definition, is_private, quoted
from writers.docstrings import code, inline, items, markdown, sections

#: Modules whose names are public, beside srcore itself.
MODULES = (
    "srcore.datasets",
    "srcore.methods",
    "srcore.metrics",
    "srcore.options",
    "srcore.runs",
    "srcore.sources",
    "srcore.testing",
    "srcore.weights",
)

#: What hooks are given, functions return, and what stands in their signatures.
RECEIVED = (
    "srcore.cli.main.SrcoreGroup",
    "srcore.plugin.registry.Registry",
    "srcore.plugin.registry.Component",
    "srcore.engine.run.Run",
    "srcore.engine.parts.Parts",
    "srcore.engine.updater.Updater",
    "srcore.methods.base.Method",
    "srcore.errors.Problem",
    "srcore.report.run_result.RunResult",
)


def api_page() -> str:
    """Signatures and docstrings of everything public."""
    parts = [
        "# Python API",
        "Names of `srcore` are imported when they are first used; `import srcore` imports no "
        "PyTorch.",
    ]
    for name in sorted(srcore.__all__):
        if not (is_private(name) or defined(f"srcore.{name}").is_module):
            parts += _entry(f"srcore.{name}", "##")
    for module in MODULES:
        parts += _heading(module, module)
        for name in sorted(_exports(module)):
            parts += _entry(f"{module}.{name}", "###")
    parts += _heading("Contracts", "srcore.contracts")
    for name, member in defined("srcore.contracts").members.items():
        if not member.is_alias and member.is_class and name != "LossContext":
            parts += _entry(f"srcore.contracts.{name}", "###")
    parts += [*_heading("Capabilities", "srcore.capabilities"), _capabilities()]
    parts += ["## What hooks receive"]
    for path in RECEIVED:
        parts += _entry(path, "###")
    return "\n\n".join(part for part in parts if part) + "\n"


def public_names() -> Iterator[str]:
    """Dotted names that the page must hold."""
    for module in ("srcore", *MODULES):
        yield from (f"{module}.{name}" for name in _exports(module) if not is_private(name))


def _exports(module: str) -> list[str]:
    names: list[str] = importlib.import_module(module).__all__
    return names


def _heading(title: str, module: str) -> Iterator[str]:
    yield f"## {title}"
    yield markdown(defined(module).docstring.value)


def _entry(path: str, level: str) -> Iterator[str]:
    member = defined(path)
    yield f"{level} {path}"
    if member.is_class:
        yield from _class(member)
    elif member.is_function:
        yield from _function(member)
    elif path == "srcore.hookimpl":
        yield "Marks a function as the implementation of a hook: `@srcore.hookimpl`."
    else:
        yield f"```py\n{member.name} = {member.value}\n```"


def _class(cls: griffe.Class) -> Iterator[str]:
    docstring = cls.docstring.value if cls.docstring else ""
    yield markdown(docstring, without=("Attributes",))
    known = (section for section in sections(docstring) if section.kind.value == "attributes")
    about = {name: text for section in known for name, text in items(section)}
    types = {
        name: quoted(str(member.annotation))
        for name, member in cls.all_members.items()
        if isinstance(member, griffe.Attribute)
        and member.annotation
        and "property" not in member.labels
    }
    about = {name: about.get(name, "") for name in types if not is_private(name)} | about
    if about:
        rows = [(f"`{name}`", code(types.get(name, "")), text) for name, text in about.items()]
        yield "\n".join(text_tables.markdown(("attribute", "type", "meaning"), rows))
    for name, member in cls.members.items():
        if not is_private(name):
            yield from _member(member)


def _member(member: griffe.Object | griffe.Alias) -> Iterator[str]:
    if isinstance(member, griffe.Function):
        yield from _function(member)
    elif "property" in member.labels:
        docstring = member.docstring.value if member.docstring else ""
        yield f"**`{member.name}`** (property): {inline(' '.join(docstring.split()))}"


def _function(function: griffe.Function) -> Iterator[str]:
    yield f"```py\n{definition(function)}\n```"
    if function.docstring:
        yield markdown(function.docstring.value)


def _capabilities() -> str:
    """What parts and options may declare, with defaults."""
    tables = {**capabilities.PARTS, "options": capabilities.OPTIONS}
    rows = [
        (
            kind.replace("_", " "),
            f"`{name}`",
            code("" if entry.is_method else repr(entry.default)),
            entry.help,
        )
        for kind, known in tables.items()
        for name, entry in known.items()
    ]
    return "\n".join(text_tables.markdown(("of", "name", "default", "meaning"), rows))
