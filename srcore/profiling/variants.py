"""Settings of ``[train]`` that may be quicker on this machine: each a change of one key."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, get_args

import attrs

from srcore.machine.device_names import Precision

if TYPE_CHECKING:
    from srcore.config.schema import TrainTable

#: Keys of ``[train]`` that are compared.
COMPARED_KEYS = ("channels_last", "compile", "precision")


@attrs.frozen
class TrainSetting:
    """An experiment with another value of one key of ``[train]``."""

    key: str
    value: bool | str

    @property
    def label(self) -> str:
        """As TOML writes it.

        >>> TrainSetting("compile", True).label
        'compile = true'
        """
        return f"{self.key} = {literal_of(self.value)}"

    def applied(self, table: dict[str, Any]) -> dict[str, Any]:
        """The table of an experiment with the value."""
        return {**table, "train": {**table["train"], self.key: self.value}}


def literal_of(value: bool | str) -> str:
    """A plain value as TOML writes it."""
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def variants_of(train: TrainTable, device: str) -> tuple[list[TrainSetting], list[str]]:
    """What can be tried beside the experiment as it is, and why something cannot.

    Args:
        train: of the experiment.
        device: type of the device, such as ``"cuda"``.
    """
    variants = [TrainSetting("channels_last", not train.channels_last)]
    remarks = []
    lacks = "" if train.compile else what_compiling_lacks(device)
    if lacks:
        remarks.append(f"compile is not tried: {lacks}")
    else:
        variants.append(TrainSetting("compile", not train.compile))
    for precision in get_args(Precision):
        if precision == train.precision:
            continue
        if precision == "float16" and device == "cpu":
            remarks.append("float16 is not tried: it needs a GPU")
        else:
            variants.append(TrainSetting("precision", precision))
    return variants, remarks


def what_compiling_lacks(device: str) -> str:
    """What ``torch.compile`` needs on a device and does not have here; empty: nothing."""
    usual = ("cl",) if sys.platform == "win32" else ("c++", "g++", "clang++")
    named = os.environ.get("CXX", "").split()[:1]
    if not any(shutil.which(name) for name in (*named, *usual)):
        return f"no C++ compiler is here ({', '.join((*named, *usual))})"
    if device == "cuda" and importlib.util.find_spec("triton") is None:
        return "the package triton is not installed"
    return ""
