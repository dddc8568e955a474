"""A batch in several pieces, whose gradients add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch


def pieces(batch: dict[str, torch.Tensor], parts: int) -> Iterator[dict[str, torch.Tensor]]:
    """Split a batch along its first axis.

    Tensors are ``(N, ...)``, pieces ``(n, ...)``.
    """
    if parts == 1:
        yield batch
        return
    split: dict[str, Any] = {
        name: value.chunk(parts) if isinstance(value, torch.Tensor) else _shares(value, parts)
        for name, value in batch.items()
    }
    for index in range(parts):
        yield {name: shares[index] for name, shares in split.items()}


def _shares(texts: list[str], parts: int) -> list[list[str]]:
    size = -(-len(texts) // parts)
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def in_channels_last(batch: dict[str, Any]) -> dict[str, Any]:
    """The batch with its images in the memory format that convolutions prefer."""
    return {
        name: value.contiguous(memory_format=torch.channels_last)
        if isinstance(value, torch.Tensor) and value.ndim == 4
        else value
        for name, value in batch.items()
    }
