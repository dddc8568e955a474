"""Names of devices, as far as they can be judged without PyTorch and on another machine."""

from __future__ import annotations

import re
from typing import Literal

#: What networks compute in.
Precision = Literal["float32", "bfloat16", "float16"]
#: What images are enlarged in; trainings have no 8 bits.
UsePrecision = Literal["float32", "bfloat16", "float16", "int8"]

#: Types on which PyTorch computes; which of them are here is seen when a run begins.
_TYPES = "cpu|cuda|mps|xpu|hpu|mtia|npu|xla|privateuseone"


def device_complaint(name: str) -> str:
    """Why nothing is a device of that name; empty if there may be one.

    >>> device_complaint("cuda:1")
    ''
    """
    if re.fullmatch(rf"({_TYPES})(:\d{{1,3}})?", name, re.ASCII):
        return ""
    return f'expected a device such as "cpu" or "cuda:0", found "{name}"'


def device_or_auto_complaint(name: str) -> str:
    """As :func:`device_complaint`, where ``"auto"`` may be said too."""
    return "" if name == "auto" else device_complaint(name).replace("a device", '"auto", a device')
