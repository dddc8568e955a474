"""Write the options of all networks anew.

    python plugins/srplug-spandrel/writers/write_networks.py

Names, types and defaults come from the constructors of the installed spandrel, meanings, limits and
choices from ``network_meanings.py``, everything else from the rows of ``srplug_spandrel``.
"""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import network_meanings as meanings
from srplug_spandrel.architecture import Architecture
from srplug_spandrel.extra import EXTRA, available

FOLDER = Path(__file__).parents[1] / "srplug_spandrel" / "options"
WIDTH = 100
LARGEST = 4096


def main() -> None:
    """Write a module per network."""
    for name, text in modules().items():
        (FOLDER / name).write_text(text, "utf-8")


def modules() -> dict[str, str]:
    """The generated files by name; those of networks that are installed."""
    return {f"{entry.name}.py": module(entry) for entry in available().values()}


def module(architecture: Architecture) -> str:
    """The options of one network."""
    keys = parameters(architecture)
    types = {key: type_of(architecture, key, default) for key, default in keys.items()}
    fields = [field(architecture, key, keys[key], types[key]) for key in keys]
    if architecture.channels:
        fields.append("    channels: Literal[1, 3, 4] = image_channels()\n")
    needs_literal = any("Literal" in text for text in fields)
    literal = "from typing import Literal\n\n" if needs_literal else ""
    declares = "from srcore.options import option\n" if keys else ""
    if architecture.channels:
        declares = f"from srcore.networks.options import image_channels\n{declares}"
    own = "from srplug_spandrel.options.base import RestorerOptions\n"
    return (
        f'"""Keys of ``{architecture.component}``; written by '
        '``writers/write_networks.py``."""\n\n'
        "from __future__ import annotations\n\n"
        f"{literal}import attrs\n\n"
        f"{declares}{own}\n\n"
        "@attrs.frozen(kw_only=True)\n"
        "class Options(RestorerOptions):\n"
        f'    """{docstring(architecture)}"""\n\n'
        f'    architecture = "{architecture.name}"\n\n' + "".join(fields)
    )


def docstring(architecture: Architecture) -> str:
    """What the network is and whose."""
    license = f" {architecture.license}." if architecture.name in EXTRA else ""
    return f"{architecture.title} ({architecture.paper}).{license}"


def parameters(architecture: Architecture) -> dict[str, Any]:
    """Keys and defaults that spandrel's class has, without what srcore itself gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from srplug_spandrel.networks import spandrel_class

        signature = inspect.signature(spandrel_class(architecture).__init__)
    own = {parameter: key for key, parameter in architecture.renamed.items()}
    taken = {"self", architecture.scale, *architecture.channels, *architecture.fixed}
    return {
        own.get(name, name): meanings.DEFAULTS.get(
            (architecture.name, own.get(name, name)), parameter.default
        )
        for name, parameter in signature.parameters.items()
        if name not in taken | set(architecture.hidden)
    }


def type_of(architecture: Architecture, key: str, default: Any) -> str:
    """The type of a key."""
    choices = choices_of(architecture, key)
    if choices:
        words = ", ".join(f'"{word}"' for word in choices)
        return f"Literal[{words}]"
    if key in meanings.FRACTIONS:
        return "float | None" if default is None else "float"
    if isinstance(default, (list, tuple)):
        inner = "str" if not default else type(default[0]).__name__
        return f"tuple[{inner}, ...]"
    assert isinstance(default, (bool, int, float)), (architecture.name, key, default)
    return type(default).__name__


def choices_of(architecture: Architecture, key: str) -> tuple[str, ...]:
    """The words that a key takes, if it takes words."""
    own = meanings.OWN_CHOICES.get((architecture.name, key))
    return own or meanings.CHOICES.get(key, ())


def field(architecture: Architecture, key: str, default: Any, kind: str) -> str:
    """The declaration of a key."""
    meaning = meanings.OWN.get((architecture.name, key)) or meanings.MEANINGS[key]
    if isinstance(default, list):
        default = tuple(default)
    if kind.startswith("float") and default is not None:
        default = float(default)
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    entries = [shown, f'"{meaning}"', *limits(key, kind)]
    head, inside = f"    {key}: {kind} = option(", ", ".join(entries)
    if len(head) > WIDTH:
        words = kind.replace("[", "[\n        ").replace('", ', '",\n        ')
        words = words.replace("]", ",\n    ]")
        head = f"    {key}: {words} = option("
    if len(head.rpartition("\n")[2]) + len(inside) < WIDTH:
        return f"{head}{inside})\n"
    lines = f"        {inside}\n"
    if len(lines) > WIDTH + 1:
        lines = "".join(f"        {entry},\n" for entry in entries)
    return f"{head}\n{lines}    )\n"


def limits(key: str, kind: str) -> list[str]:
    """Limits of numbers."""
    if key.endswith(meanings.DROPPED):
        return ["ge=0", "lt=1"]
    if key in meanings.SHARES:
        return ["ge=0", "le=1"]
    if kind.startswith("float"):
        return ["gt=0"]
    if "int" in kind:
        least = 0 if key in meanings.COUNTS else 1
        return [f"ge={least}", f"le={LARGEST}"]
    return []


if __name__ == "__main__":
    main()
