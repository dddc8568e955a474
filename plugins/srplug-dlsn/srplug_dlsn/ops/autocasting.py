"""What autocast does to the arguments of the attention."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def cast_as_autocast(*arguments: Any, device: str, dtype: torch.dtype | None) -> Any:
    """Cast floating tensors; None: to the type that autocast computes in."""
    wanted = dtype or torch.get_autocast_dtype(device)
    cast = [
        argument.to(wanted)
        if isinstance(argument, Tensor)
        and argument.is_floating_point()
        and argument.dtype != torch.float64
        else argument
        for argument in arguments
    ]
    with torch.autocast(device, enabled=False):
        return torch.ops.srplug_dlsn.hashed_attention(*cast)
