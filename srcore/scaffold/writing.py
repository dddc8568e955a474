"""Filling in the templates of a plugin."""

from __future__ import annotations

import keyword
from pathlib import Path

import attrs

from srcore.errors import SrcoreError
from srcore.files.atomic import write_bytes
from srcore.files.occupied import OccupiedError
from srcore.messages import shown
from srcore.plugin.discovery import entry_points, label
from srcore.plugin.registry import Registry


class PluginNameError(SrcoreError):
    """A plugin cannot be called so."""

    exit_code = 2


_TEMPLATES = Path(__file__).parent
_SHARED = "shared"


@attrs.frozen
class Skeleton:
    """A plugin to start from.

    Attributes:
        about: what it brings.
        names: (kind, name) of all components.
        modules: templates that it takes from ``both``.
    """

    about: str
    names: tuple[tuple[str, str], ...]
    modules: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Kind of the first component."""
        return self.names[0][0]


#: What ``srcore new-plugin --kind`` writes; ``both`` without it.
SKELETONS = {
    "network": Skeleton(
        "the network NAME_net", (("network", "NAME_net"),), ("srplug_NAME/networks.py",)
    ),
    "loss": Skeleton("the loss NAME", (("loss", "NAME"),), ("srplug_NAME/losses.py",)),
    "method": Skeleton("the method NAME", (("method", "NAME"),)),
    "handler": Skeleton("the handler NAME", (("handler", "NAME"),)),
    "optimizer": Skeleton("the optimizer NAME", (("optimizer", "NAME"),)),
    "dataset": Skeleton("the data set NAME", (("dataset", "NAME"),)),
    "both": Skeleton(
        "the loss NAME and the network NAME_net", (("loss", "NAME"), ("network", "NAME_net"))
    ),
}


def write_plugin(name: str, parent: Path, kind: str = "both") -> list[Path]:
    """Write a working plugin into ``parent/srplug-<name>``.

    Args:
        name: lower-case word(s) joined by ``_`` or ``-``; names the entry point and the parts.
        parent: folder that receives it.
        kind: one of :data:`SKELETONS`.

    Returns:
        The files that were written.

    Raises:
        PluginNameError: the name is no identifier in lower case.
        OccupiedError: the folder exists.
    """
    name = plugin_name(name)
    folder = parent / f"srplug-{name.replace('_', '-')}"
    if folder.exists():
        raise OccupiedError(f"{folder}: exists; choose another name or --output")
    written = []
    for place, text in sorted(_texts(kind).items()):
        path = folder / _with_names(place, name)
        write_bytes(path, _with_names(text, name).encode(), durable=False)
        written.append(path)
    return written


def plugin_name(name: str) -> str:
    """The name of a plugin as its entry point has it.

    Raises:
        PluginNameError: it is no identifier in lower case.
    """
    plain = name.removeprefix("srplug-").removeprefix("srplug_").replace("-", "_")
    if (
        not plain.isascii()
        or not plain.isidentifier()
        or keyword.iskeyword(plain)
        or plain != plain.lower()
    ):
        raise PluginNameError(
            f"{shown(name)}: expected a name of lower-case letters, digits, - and _ that begins "
            "with a letter and is no word of Python, such as my_loss"
        )
    return plain


def clashes(name: str, registry: Registry, kind: str = "both") -> list[str]:
    """What installed plugins have already of what a new one would be called."""
    name = plugin_name(name)
    taken = [
        f"plugin {shown(name)} is the entry point of {distribution.name} {distribution.version}"
        for distribution, entry_point in entry_points()
        if entry_point.name == name
    ]
    for component in registry.components():
        for part, template in SKELETONS[kind].names:
            if (component.kind, component.name) == (part, _with_names(template, name)):
                taken.append(f"{component.label} is registered by {label(component.owner)}")
    return taken


def _texts(kind: str) -> dict[str, str]:
    """Templates by the place of what they make, still with the words that are filled in."""
    skeleton, texts = SKELETONS[kind], {}
    for folder in (_SHARED, kind):
        root = _TEMPLATES / folder
        for template in root.rglob("*.in"):
            place = str(template.relative_to(root).with_suffix(""))
            texts[place] = template.read_text("utf-8")
    for module in skeleton.modules:
        texts[module] = (_TEMPLATES / "both" / f"{module}.in").read_text("utf-8")
    use = texts.pop("use.toml")
    experiment = "srplug_NAME/experiments/tiny.toml"
    texts[experiment] = _replace_tables(texts[experiment], use)
    rows = [f"| {part} | `{called}` | |" for part, called in skeleton.names]
    named = {
        "ABOUT": skeleton.about,
        "KIND": skeleton.kind,
        "USE": use.strip(),
        "ROWS": "\n".join(rows),
    }
    for word, text in named.items():
        texts = {place: content.replace(word, text) for place, content in texts.items()}
    return texts


def _replace_tables(experiment: str, use: str) -> str:
    """An experiment with some tables in the place of those of the same header."""
    first, *tables = experiment.strip().split("\n\n")
    headers = [table.partition("\n")[0] for table in use.split("\n\n")]
    kept = [table for table in tables if table.partition("\n")[0] not in headers]
    return "\n\n".join([first, use.strip(), *kept]) + "\n"


def _with_names(text: str, name: str) -> str:
    words = "".join(part.capitalize() for part in name.split("_"))
    filled = text.replace("DASHED", name.replace("_", "-"))
    return filled.replace("NAME", name).replace("CLASS", words)
