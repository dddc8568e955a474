"""Pages of what an experiment file may hold: its tables, and all components with their keys."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import attrs

from srcore.config import schema
from srcore.config.group_table import GroupTable
from srcore.config.sweep_table import ParameterTable, SweepTable
from srcore.files import text_tables
from srcore.options.declaration import INLINE, KIND, declaration_of
from srcore.options.describing import describe
from srcore.plugin.building import Component
from srcore.plugin.registry import Registry
from srcore.plugin.targets import resolve
from writers.docstrings import code, inline, markdown

#: Tables of an experiment in the order of the page: heading -> class.
TABLES: dict[str, type] = {
    "Top level": schema.Experiment,
    "[generator]": schema.GeneratorTable,
    "[discriminator]": schema.DiscriminatorTable,
    "[networks.NAME]": schema.NetworkTable,
    "[[losses]]": schema.LossTable,
    "[method]": schema.MethodTable,
    "[optimizer.NETWORK]": schema.OptimizerTable,
    "[[optimizer.NETWORK.groups]]": GroupTable,
    "[schedule.NETWORK]": schema.ScheduleTable,
    "[data.train]": schema.TrainDataTable,
    "[data.validation.NAME]": schema.ValidationDataTable,
    "[[metrics]]": schema.MetricTable,
    "[[handlers]]": schema.HandlerTable,
    "[train]": schema.TrainTable,
    "[sweep]": SweepTable,
    "[[sweep.parameters]]": ParameterTable,
}

#: A docstring below this many characters only repeats the name.
_SHORTEST = 12

_SPECIAL = """\
## Keys outside the tables

| key | type | meaning |
|---|---|---|
| `extends` | `str` | a file, or the name of a shipped experiment, that is read first; tables \
merge deeply, lists replace, stages merge by name, and a table with another `type` replaces the \
old one |
| `drop` | `list of str` | inherited keys that are taken away before the other keys of the file \
(or of the stage that holds it) are laid over: `drop = ["discriminator", "schedule.generator", \
"stages.psnr"]`; `losses = []` empties a list |
| `[[stages]]` | `list of tables` | steps of the experiment; each has a `name` and overlays any \
table |
| `stages.from` | `str` | name of an earlier stage whose generator this one starts from |
| `[sweep]` | `table` | other values of some keys, each with a run of its own, by `srcore sweep`; \
no stage has it |

A path that starts with `stage:NAME/` names a file that an earlier stage writes. Relative paths \
start from the file that holds them; in shipped experiments from the file that extends them, or \
from the working directory. `--set table.key=value` of `srcore check` and `srcore run` uses the \
same dotted paths; stages are `stages.NAME.table.key`, elements of lists `losses[0].weight`. \
`srcore new NAME --flat` prints a shipped experiment as one file without `extends`.
"""


def configuration_page() -> str:
    """Every key of the tables of an experiment."""
    parts = [
        "# Configuration",
        "Every table of an experiment file. The keys of a component stand in the same table as its "
        "`type`; they are listed under [components](components.md).",
        _SPECIAL.strip(),
    ]
    for heading, cls in TABLES.items():
        parts.append(f"## {heading if heading[0] != '[' else f'`{heading}`'}")
        about = re.sub(r"^``[^`]+``(, \.\.\.)?: ", "", inspect.getdoc(cls) or "")
        parts.append(inline(about[0].upper() + about[1:]))
        parts.append(_rows(list(_table_keys(cls))))
    return "\n\n".join(parts) + "\n"


def components_page(registry: Registry) -> str:
    """Every component of the core and the plugins."""
    parts = [
        "# Components",
        "Everything that a `type` can name, with its keys. `srcore components KIND NAME` prints "
        "the same for what is installed. What a component of each kind receives and must offer is "
        "in the [API reference](api.md#contracts).",
    ]
    for kind in registry.kinds():
        parts.append(f"## {kind}")
        for component in registry.components(kind):
            parts += _component(component)
    return "\n\n".join(parts) + "\n"


def _component(component: Component) -> Iterator[str]:
    yield f"### {component.name} {{ #{component.kind}-{component.name} }}"
    yield f"From `{component.owner}`. " + markdown(inspect.getdoc(component.options) or "")
    target = resolve(component.target)
    about = markdown(inspect.getdoc(target) or "", without=("Args", "Attributes", "Returns"))
    if len(about) > _SHORTEST and target.__module__.startswith(("srcore", "srplug")):
        yield about
    for what, names in (("Needs", component.needs), ("Provides", component.provides)):
        if names:
            yield f"{what}: " + ", ".join(f"`{name}`" for name in sorted(names)) + "."
    rows = list(describe(component.options))
    yield _rows(rows) if rows else "No keys."


def _table_keys(cls: type) -> Iterator[tuple[str, str, str, str]]:
    attrs.resolve_types(cls)
    described = {row[0]: row for row in describe(cls) if "." not in row[0]}
    for attribute in attrs.fields(cls):
        kind = attribute.metadata.get(KIND)
        if kind is None:
            if attribute.metadata.get(INLINE):
                yield "any other", "", "", declaration_of(attribute).help
            elif attribute.name in described:
                yield described[attribute.name]
            else:  # a table inside, which has a section of its own
                yield attribute.name, "table", "", declaration_of(attribute).help
            continue
        link = f"[{kind.replace('_', ' ')}](components.md#{kind})"
        if attribute.metadata.get(INLINE):
            yield "type", "str", "required", f"name of a {link}, whose keys stand in this table"
        elif attribute.default == ():
            yield attribute.name, "list of tables", "[]", f"each with the type of a {link}"
        else:
            yield attribute.name, "table", "none", f"with the type of a {link}"


def _rows(rows: list[tuple[str, str, str, str]]) -> str:
    cells = [
        (code(key), code(_tidy(kind)), code(_tidy(default)), text if "](" in text else inline(text))
        for key, kind, default, text in rows
    ]
    return "\n".join(text_tables.markdown(("key", "type", "default", "meaning"), cells))


def _tidy(value: str) -> str:
    """Names of classes as TOML calls what they hold; long numbers with six digits."""
    value = re.sub(r"\b(?:\w+\.)+(?=[A-Z]\w*\b)", "", value)
    value = re.sub(r"tuple\[\w+Table, \.\.\.\]", "list of tables", value)
    value = re.sub(r"dict\[str, \w+Table\]", "tables by name", value)
    return re.sub(r"\d+\.\d{7,}", lambda number: f"{float(number[0]):.6g}", value)
