"""Gradient checkpointing: of some blocks only the input is kept, and they are computed once more.

The backward pass of a network needs what every layer has seen. With ``[generator] checkpointing =
true`` a block forgets all of that but its own input and computes it again when its gradient is due
(Chen et al. 2016, arXiv 1604.06174): less memory for one more forward pass. Random numbers are
drawn as before, so that the results are the same.

Which blocks these are the network says by ``checkpointed()``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from srcore.capabilities import capability


def recompute_(network: nn.Module) -> int:
    """Have a network's blocks computed again in the backward pass.

    Their classes are replaced by derived ones, so that copies and states are what they were.

    Args:
        network: changed in place.

    Returns:
        How many blocks there are; 0 if the network names none.
    """
    named = capability("network", network, "checkpointed")
    blocks = [] if named is None else list(named())
    for block in blocks:
        cls = type(block)
        if not issubclass(cls, _Recomputed):
            block.__class__ = type(cls.__name__, (_Recomputed, cls), {"__module__": cls.__module__})
    return len(blocks)


class _Recomputed(nn.Module):
    """Mixed into the class of a block."""

    def forward(self, *given: Any, **keywords: Any) -> Any:
        """As the block's own; while it is trained, only what goes in is kept."""
        own = super().forward
        if not (self.training and torch.is_grad_enabled()):
            return own(*given, **keywords)
        if any(isinstance(module, _BatchNorm) for module in self.modules()):
            return _with_statistics(self, own, given, keywords)
        return checkpoint(own, *given, use_reentrant=False, **keywords)


@torch.compiler.disable  # type: ignore[untyped-decorator]  # it cannot trace a context_fn
def _with_statistics(
    block: nn.Module, own: Callable[..., Any], given: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    return checkpoint(
        own,
        *given,
        use_reentrant=False,
        context_fn=lambda: (contextlib.nullcontext(), _without_statistics(block)),
        **keywords,
    )


@contextlib.contextmanager
def _without_statistics(block: nn.Module) -> Iterator[None]:
    """Batch normalization sees a batch once: what is computed again is not counted again."""
    norms = [module for module in block.modules() if isinstance(module, _BatchNorm)]
    counted = [dict(norm.named_buffers(recurse=False)) for norm in norms]
    for norm, buffers in zip(norms, counted, strict=True):
        for name, value in buffers.items():
            setattr(norm, name, value.clone())
    try:
        yield
    finally:
        for norm, buffers in zip(norms, counted, strict=True):
            for name, value in buffers.items():
                setattr(norm, name, value)
