"""Networks without memory (on the device ``meta``): what would fit, before anything is made."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch

from srcore.weights.bounds import limit_construction
from srcore.weights.containers import left_on_disk
from srcore.weights.meta_device import on_meta

#: Networks of some times as many tensors take seconds to build even without memory: the run says
#: what is wrong with them.
_MANY_TENSORS = 500


@contextlib.contextmanager
def without_memory() -> Iterator[None]:
    """Inside of it tensors that are made have no values, and files that are read keep theirs."""
    with (
        left_on_disk(),
        torch.random.fork_rng(devices=[]),
        warnings.catch_warnings(),
        on_meta(),
    ):
        # PyTorch says of tensors without memory that nothing is copied into them.
        warnings.simplefilter("ignore")
        yield


def built_without_memory(build: Callable[[], Any], tensors: int = _MANY_TENSORS) -> Any:
    """What ``build`` makes; None if it cannot be made so, or of far more tensors than these."""
    try:
        with without_memory(), limit_construction(tensors, 1 << 40, ""):
            return build()
    except Exception:  # a constructor that looks at values; the run will build it
        return None
