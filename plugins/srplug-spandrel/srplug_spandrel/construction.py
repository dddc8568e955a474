"""Building spandrel's networks: quietly, and without memory where srcore only counts.

srcore builds networks on the device ``meta`` to see how large they are. Some of spandrel's
constructors look at values meanwhile: these are computed on the CPU.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


@contextlib.contextmanager
def constructing() -> Iterator[None]:
    """What spandrel's constructors need, and no warnings of what they were written for."""
    with warnings.catch_warnings(), _WithValues():
        warnings.simplefilter("ignore")
        yield


class _WithValues(TorchFunctionMode):
    """Probabilities of dropping have values; what takes the place of weights has their device."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if func is torch.linspace:
            given.setdefault("device", "cpu")
        if func == Tensor.data.__set__:  # type: ignore[attr-defined]  # a slot of C
            owner, value = args
            args = (owner, value.to(owner.device))
        return func(*args, **given)
