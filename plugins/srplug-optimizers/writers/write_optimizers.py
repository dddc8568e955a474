"""Write options and signatures anew.

    python plugins/srplug-optimizers/writers/write_optimizers.py

Names, types and defaults come from the constructors of the installed libraries, meanings, limits
and refusals from ``optimizer_meanings.py``, everything else from ``srplug_optimizers.catalog``.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optimizer_meanings as meanings
from srplug_optimizers.catalog import COMPUTING, OPTIMIZERS, Optimizer
from srplug_optimizers.optimizers import library_class

PACKAGE = Path(__file__).parents[1] / "srplug_optimizers"
WIDTH = 100


def main() -> None:
    """Write a module per optimizer, and what all others take."""
    for name, text in files().items():
        (PACKAGE / name).write_text(text, "utf-8")


def files() -> dict[str, str]:
    """The generated files by their paths in the package."""
    made = {f"options/{name}.py": module(entry) for name, entry in OPTIMIZERS.items()}
    return {**made, "signatures.json": signatures()}


def module(optimizer: Optimizer) -> str:
    """The options of one optimizer."""
    fields = [field(optimizer, *parameter) for parameter in parameters(optimizer)]
    literal = "from typing import Literal\n\n" if any("Literal" in it for it in fields) else ""
    return (
        f'"""Keys of ``{optimizer.name}``; written by ``writers/write_optimizers.py``."""\n\n'
        "from __future__ import annotations\n\n"
        f"{literal}import attrs\n\n"
        "from srcore.options import option\n\n\n"
        "@attrs.frozen(kw_only=True)\n"
        "class Options:\n"
        f'    """{optimizer.title} ({optimizer.paper})."""\n\n' + "".join(fields)
    )


def parameters(optimizer: Optimizer) -> Iterator[tuple[str, str, Any]]:
    """Key, type and default of everything that is a key."""
    cls = library_class(optimizer.target)
    for name, parameter in inspect.signature(cls).parameters.items():
        if name not in optimizer.hides:
            key = optimizer.key(name)
            yield key, type_of(key, parameter), parameter.default


def type_of(key: str, parameter: inspect.Parameter) -> str:
    """The type of a key, by its annotation where the default says too little."""
    default = parameter.default
    if key in meanings.CHOICES:
        words = ", ".join(f'"{word}"' for word in meanings.CHOICES[key])
        return f"Literal[{words}]"
    if isinstance(default, tuple):
        return f"tuple[{', '.join(['float'] * len(default))}]"
    plain = plain_type(parameter.annotation) or type(default).__name__
    return f"{plain} | None" if default is None else plain


def plain_type(annotation: Any) -> str:
    """``bool``, ``int``, ``float`` or ``str`` of an annotation that holds one of them."""
    inside = typing.get_args(annotation) if is_union(annotation) else (annotation,)
    return next((it.__name__ for it in (bool, int, float, str) if it in inside), "")


def is_union(annotation: Any) -> bool:
    """Whether an annotation names several types."""
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def field(optimizer: Optimizer, key: str, kind: str, default: Any) -> str:
    """The declaration of a key."""
    meaning = meanings.OWN.get((optimizer.name, key)) or meanings.MEANINGS[key]
    if kind.startswith("float") and default is not None:
        default = float(default)
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    entries = [shown, f'"{meaning}"', *limits(optimizer, key, kind)]
    head, inside = f"    {key}: {kind} = option(", ", ".join(entries)
    if len(head) + len(inside) < WIDTH:
        return f"{head}{inside})\n"
    lines = f"        {inside}\n"
    if len(lines) > WIDTH + 1:
        lines = "".join(f"        {entry},\n" for entry in entries)
    return f"{head}\n{lines}    )\n"


def limits(optimizer: Optimizer, key: str, kind: str) -> tuple[str, ...]:
    """Limits of numbers."""
    if key in meanings.LIMITS:
        return meanings.LIMITS[key]
    if (optimizer.name, key) in meanings.AVERAGING:
        return ("gt=0", "lt=1")
    if key in meanings.DECAYS or (optimizer.name, key) == ("rmsprop", "alpha"):
        return ("ge=0", "lt=1")
    if key in meanings.MAY_BE_0:
        return ("ge=0",)
    if kind.startswith("int"):
        return ("ge=1",)
    return ("gt=0",) if "float" in kind else ()


def signatures() -> str:
    """What all optimizers of pytorch_optimizer take, as JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pytorch_optimizer

    table: dict[str, Any] = {}
    for name in pytorch_optimizer.get_supported_optimizers():
        cls = pytorch_optimizer.load_optimizer(name)
        table[name] = signature(cls)
        if name in meanings.REFUSED:
            table[name] = {"arguments": {}, "refused": meanings.REFUSED[name]}
    for name, reason in meanings.NOT_LISTED.items():
        table[name] = {"arguments": {}, "refused": reason}
    lines = (f"{json.dumps(name)}: {json.dumps(table[name])}" for name in sorted(table))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def signature(cls: type) -> dict[str, Any]:
    """Arguments of a constructor that TOML can hold."""
    arguments, required = {}, []
    for name, parameter in inspect.signature(cls).parameters.items():
        kind = kind_of(parameter)
        if name in (*COMPUTING, "lr") or not kind:
            continue
        is_required = parameter.default is inspect.Parameter.empty
        arguments[name] = (kind, None if is_required else parameter.default)
        required += [name] if is_required else []
    by_shape = "use_muon" in inspect.getsource(cls)
    optional = {"required": required, "by_shape": by_shape}
    return {"arguments": arguments, **{key: it for key, it in optional.items() if it}}


def kind_of(parameter: inspect.Parameter) -> Any:
    """Type of an argument as ``srplug_optimizers.by_name`` has them; empty: no key can be it."""
    annotation, default = parameter.annotation, parameter.default
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    if isinstance(default, tuple):
        return "numbers" if all(isinstance(it, (int, float)) for it in default) else ""
    if default is not None and not isinstance(default, (bool, int, float, str, type)):
        return ""
    return plain_type(annotation)


if __name__ == "__main__":
    main()
