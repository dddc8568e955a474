"""Whether a checkpoint can be read back: asked when the first one is written, not at resume."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from srcore.config.schema import Experiment
from srcore.errors import SrcoreError

_UNREADABLE = (
    pickle.PicklingError,
    pickle.UnpicklingError,
    AttributeError,
    RuntimeError,
    TypeError,
    ValueError,
)


def is_readable(path: Path) -> bool:
    """Whether a file that was just written can be read without running code in it."""
    try:
        torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except _UNREADABLE:
        return False
    return True


def refuse_unreadable(state: Mapping[str, Any], experiment: Experiment) -> None:
    """Refuse a state of which an entry cannot be read back; nothing if every one alone can be.

    Raises:
        SrcoreError: names the component, its distribution and the key.
    """
    for path, value in _paths_of_leaves(state, ()):
        if not _survives(value):
            owner = _offered_by(path, experiment)
            key = ".".join(path)
            raise SrcoreError(
                f"{owner}: its state cannot be read back from a checkpoint: {key} is a "
                f"{type(value).__module__}.{type(value).__qualname__}; expected tensors, numbers, "
                "texts, and lists and tables of them in state_dict()"
            )


def _paths_of_leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if type(value) in (dict, list, tuple) or isinstance(value, dict):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            yield from _paths_of_leaves(item, (*path, str(key)))
    else:
        yield path, value


def _survives(value: Any) -> bool:
    if isinstance(value, torch.Tensor) or value is None or type(value) in (bool, int, float, str):
        return True
    stream = io.BytesIO()
    try:
        torch.save(value, stream)
        stream.seek(0)
        torch.load(stream, weights_only=True)
    except _UNREADABLE:
        return False
    return True


def _offered_by(path: tuple[str, ...], experiment: Experiment) -> str:
    """Who offered an entry, as a user knows it: ``optimizer.generator "lion" (srplug-x)``."""
    top, *below = path
    name = below[0] if below else ""
    train = experiment.data.train
    selected, where = None, ".".join(path[:2])
    if top == "optimizers":
        selected, where = experiment.optimizer[name].selected, f"optimizer.{name}"
    elif top == "losses" and name:
        selected, where = experiment.losses[int(name)].selected, f"losses[{name}]"
    elif top == "transforms" and name and train is not None:
        selected, where = train.transforms[int(name)], f"data.train.transforms[{name}]"
    elif top == "others" and name.startswith("handlers."):
        _, kind, label = name.split(".", 2)
        tables = [it for it in experiment.handlers if (it.selected.type, it.label) == (kind, label)]
        selected, where = (tables[0].selected if tables else None), "handlers"
    elif top == "others" and name == "method":
        selected, where = experiment.training_method, "method"
    if selected is None:
        return where
    return f'{where} "{selected.type}" ({selected.component.owner})'
