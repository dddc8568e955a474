"""``type = "pytorch_optimizer"``: any optimizer of the library, its arguments checked.

What the constructors take is written down in ``signatures.json`` by
``writers/write_optimizers.py``, so that an experiment is checked without importing torch.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from srcore.messages import shown
from srcore.suggest import closest

#: Types of arguments, and how they are called in messages.
TYPES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "numbers": "a list of numbers",
}


@attrs.frozen
class Signature:
    """What the constructor of an optimizer takes.

    Attributes:
        arguments: name -> (type, default as JSON), where the type is a key of :data:`TYPES` or a
            list of words.
        required: arguments without default.
        refused: why it cannot be trained with here; empty: it can.
        by_shape: it wants to know which parameters are matrices.
    """

    arguments: Mapping[str, tuple[Any, Any]]
    required: tuple[str, ...] = ()
    refused: str = ""
    by_shape: bool = False

    def complaint(self, key: str, value: Any) -> str:
        """What is wrong with an argument; empty: nothing."""
        if key not in self.arguments:
            known = ", ".join(self.arguments) or "none"
            return f"unknown key; {closest(key, self.arguments) or f'known keys: {known}'}"
        kind, default = self.arguments[key]
        if isinstance(kind, list):
            if value in kind:
                return ""
            words = ", ".join(map(shown, kind))
            return f"expected one of {words}, found {shown(value)}"
        if kind == "numbers":
            length = len(default) if isinstance(default, list) else 0
            if isinstance(value, (tuple, list)) and length in (0, len(value)):
                return ""
            several = f"a list of {length} numbers" if length else TYPES[kind]
            return f"expected {several}, found {shown(value)}"
        return "" if _is_of_kind(kind, value) else f"expected {TYPES[kind]}, found {shown(value)}"

    def typed(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the constructor wants them: 3.0 of TOML is 3 where it counts."""
        return {
            key: int(value) if self.arguments[key][0] == "int" else value
            for key, value in arguments.items()
        }


def _is_of_kind(kind: str, value: Any) -> bool:
    if kind in ("bool", "str"):
        return type(value).__name__ == kind
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and (kind == "float" or float(value).is_integer())


@functools.cache
def signatures() -> dict[str, Signature]:
    """All optimizers of pytorch_optimizer by name."""
    text = Path(__file__).with_name("signatures.json").read_text("utf-8")
    return {
        name: Signature(**{**entry, "required": tuple(entry.get("required", ()))})
        for name, entry in json.loads(text).items()
    }


def name_complaint(name: str) -> str:
    """Why an optimizer of this name cannot be taken; empty: it can."""
    known = signatures()
    if name not in known:
        usable = [it for it, signature in known.items() if not signature.refused]
        plain = name.lower().replace("_", "").replace("-", "")
        hint = f"did you mean {shown(plain)}?" if plain in known else closest(name, known)
        return f"no such optimizer; {hint or 'known: ' + ', '.join(usable)}"
    refused = known[name].refused
    return f"{shown(name)} cannot be trained with: {refused}" if refused else ""
