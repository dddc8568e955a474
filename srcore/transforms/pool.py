"""Training-pair pool: batches whose pairs were degraded in different iterations.

Decisions of the degradation are shared by a batch; exchanging pairs with a pool makes batches
varied again (Wang et al., "Real-ESRGAN", ICCVW 2021, section 4.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from srcore.errors import SrcoreError
from srcore.transforms.options import PairPoolOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch


class PairPool:
    """Transform ``pair_pool``: exchange all tensors of the batch, pair by pair.

    While it fills, batches are stored and pass through. Once full, the pool is permuted, its first
    pairs are handed out and the new batch takes their place. Images that are whole gray levels are
    kept in 8 bits, others in their own type, so what comes out equals what went in bit by bit.

    >>> import torch
    >>> pool = PairPool(scale=2, size=4)
    >>> batch = {"hr": torch.zeros(2, 3, 8, 8)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> for _ in range(2):  # the pool fills, batches pass through
    ...     _ = pool(batch, generator)
    >>> later = {"hr": torch.ones(2, 3, 8, 8)}
    >>> pool(later, generator)["hr"].unique()  # earlier pairs come out
    tensor([0.])
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.size = PairPoolOptions(**options).size
        self.filled = 0
        self.order = torch.arange(self.size)
        self.stored: dict[str, Tensor] = {}
        self.dtypes: dict[str, torch.dtype] = {}
        self.texts: dict[str, list[str]] = {}

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Exchange the batch."""
        count = len(next(iter(batch.values())))
        self._prepare(batch, count, generator.device)
        if self.filled < self.size:
            slots = torch.arange(self.filled, self.filled + count, device=generator.device)
            self.filled += count
            self._store(batch, slots)
            return batch
        permutation = torch.randperm(self.size, generator=generator, device=generator.device)
        return self.exchange(batch, permutation)

    def exchange(self, batch: Batch, permutation: Tensor) -> Batch:
        """Permute the full pool, take its first pairs and store ``batch`` in their place.

        ``permutation`` is ``(size,)``, of the pool's slots.
        """
        self.order = self.order[permutation]
        slots = self.order[: len(next(iter(batch.values())))]
        drawn: dict[str, Any] = {
            name: self._restore(name, slots)
            if name in self.stored
            else [self.texts[name][slot] for slot in slots.tolist()]
            for name in batch
        }
        self._store(batch, slots)
        return drawn

    def state_dict(self) -> dict[str, Any]:
        """Everything a resumed run needs to hand out the same pairs."""
        return {
            "filled": self.filled,
            "order": self.order,
            "stored": dict(self.stored),
            "dtypes": {name: str(dtype) for name, dtype in self.dtypes.items()},
            "texts": {name: list(texts) for name, texts in self.texts.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state.

        Raises:
            SrcoreError: it is that of a pool of another size.
        """
        if len(state["order"]) != self.size:
            raise SrcoreError(
                f"transform pair_pool: the saved pool holds {len(state['order'])} pairs, size is "
                f"{self.size}; resume with the size the run was started with"
            )
        self.filled = int(state["filled"])
        self.order = state["order"].clone()
        self.texts = {name: list(texts) for name, texts in state.get("texts", {}).items()}
        self.stored = {name: tensor.clone() for name, tensor in state["stored"].items()}
        self.dtypes = {
            name: getattr(torch, text.removeprefix("torch."))
            for name, text in state["dtypes"].items()
        }

    def _prepare(self, batch: Batch, count: int, device: torch.device) -> None:
        if self.size % count:
            raise SrcoreError(
                f"transform pair_pool: size {self.size} is no multiple of the batch size {count}; "
                "change either"
            )
        self.order = self.order.to(device)
        for name in [name for name, value in batch.items() if isinstance(value, list)]:
            self.texts.setdefault(name, [""] * self.size)
        batch = {name: value for name, value in batch.items() if name not in self.texts}
        for name, images in batch.items():
            if name not in self.stored:
                kept = torch.uint8 if _in_8_bits(images) is not None else images.dtype
                shape = (self.size, *images.shape[1:])
                self.stored[name] = torch.zeros(shape, dtype=kept, device=device)
                self.dtypes[name] = images.dtype
            self.stored[name] = self.stored[name].to(device)
        if batch.keys() != self.stored.keys() or any(
            images.shape[1:] != self.stored[name].shape[1:] for name, images in batch.items()
        ):
            pool = {name: tuple(kept.shape[1:]) for name, kept in self.stored.items()}
            shapes = {name: tuple(images.shape[1:]) for name, images in batch.items()}
            raise SrcoreError(
                f"transform pair_pool: all batches must hold the same images; stored are {pool}, "
                f"found {shapes}; crop to one size before the pool"
            )

    def _store(self, batch: Batch, slots: Tensor) -> None:
        for name, images in batch.items():
            if name in self.texts:
                for slot, text in zip(slots.tolist(), images, strict=True):
                    self.texts[name][slot] = text
                continue
            levels = _in_8_bits(images) if self.stored[name].dtype == torch.uint8 else None
            if levels is None and self.stored[name].dtype == torch.uint8:
                # From now on 8 bits do not suffice; what is there converts without loss.
                self.stored[name] = self.stored[name].to(self.dtypes[name]) / 255
            self.stored[name][slots] = images if levels is None else levels

    def _restore(self, name: str, slots: Tensor) -> Tensor:
        images = self.stored[name][slots]
        if images.dtype == torch.uint8:
            return images.to(self.dtypes[name]) / 255
        return images


def _in_8_bits(images: Tensor) -> Tensor | None:
    """The images in 8 bits if that loses nothing, else None."""
    if not images.is_floating_point():
        return None
    levels = (images * 255).round().clamp(0, 255)
    return levels.to(torch.uint8) if torch.equal(levels / 255, images) else None
