"""Filling in the templates of a plugin."""

from __future__ import annotations

import keyword
from pathlib import Path

from srcore.errors import SrcoreError
from srcore.files.atomic import write_bytes

_TEMPLATES = Path(__file__).parent / "plugin"


def write_plugin(name: str, parent: Path) -> list[Path]:
    """Write a working plugin into ``parent/srplug-<name>``.

    Args:
        name: lower-case word(s) joined by ``_`` or ``-``; names the entry point and the parts.
        parent: folder that receives it.

    Returns:
        The files that were written.

    Raises:
        SrcoreError: a name that is no identifier, or a folder that exists.
    """
    name = name.removeprefix("srplug-").removeprefix("srplug_").replace("-", "_")
    if (
        not name.isascii()
        or not name.isidentifier()
        or keyword.iskeyword(name)
        or name != name.lower()
    ):
        raise SrcoreError(
            f"{name!r}: expected a name of lower-case letters, digits and _, such as my_loss"
        )
    folder = parent / f"srplug-{name.replace('_', '-')}"
    if folder.exists():
        raise SrcoreError(f"{folder}: exists; choose another name or --output")
    written = []
    for template in sorted(_TEMPLATES.rglob("*.in")):
        place = folder / _filled(str(template.relative_to(_TEMPLATES).with_suffix("")), name)
        write_bytes(place, _filled(template.read_text("utf-8"), name).encode(), durable=False)
        written.append(place)
    return written


def _filled(text: str, name: str) -> str:
    words = "".join(part.capitalize() for part in name.split("_"))
    filled = text.replace("DASHED", name.replace("_", "-"))
    return filled.replace("NAME", name).replace("CLASS", words)
