"""Hashed attention by its definition: short, differentiable, memory-hungry.

The other versions are compared with it.

Axes: N images, L pixels, h rounds, n chunks of T slots; C and D widths of query and value.
"""

from __future__ import annotations

import torch
from torch import Tensor


def hashed_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    fc_score: Tensor,
    sorted_indices: Tensor,
    chunk_size: int,
) -> tuple[Tensor, Tensor]:
    """Attention of every pixel to the pixels that are sorted near it.

    In every round the pixels stand in the order ``sorted_indices`` and are cut into chunks. A query
    in slot ``i`` of chunk ``c`` scores all keys of the chunks ``c-1``, ``c``, ``c+1`` (cyclic,
    with multiplicity)::

        s = query . key + fc_score[key pixel, i]

    and one softmax over the keys of all rounds weights the values (Su et al. 2022, GLA).

    Args:
        query: ``(N, L, C)``.
        key: ``(N, L, C)``, normalized by the caller.
        value: ``(N, L, D)``.
        fc_score: ``(N, L, T)``, what a pixel as a key adds for the query in each slot.
        sorted_indices: ``(N, h, L)``, a permutation of the pixels per round.
        chunk_size: slots of a chunk, ``T``. With ``L < T`` there is one chunk of ``L`` slots.

    Returns:
        The attended values ``(N, L, D)`` and, per round, the log-sum-exp of each query's scores
        ``(N, h, L)``.
    """
    images, length, _ = query.shape
    rounds = sorted_indices.shape[1]
    slots = min(chunk_size, length)
    order = pad_order(sorted_indices.long(), slots)  # (N, h, n*T)
    chunks = order.view(images, rounds, -1, slots)  # (N, h, n, T): pixel of each slot
    near = torch.cat([chunks.roll(1, 2), chunks, chunks.roll(-1, 2)], dim=-1)  # (N, h, n, 3T)
    batch = torch.arange(images, device=query.device)[:, None, None, None]

    scores = torch.einsum("nhcid,nhcjd->nhcij", query[batch, chunks], key[batch, near])
    scores = scores + fc_score[batch, near, :slots].transpose(-1, -2)  # (N, h, n, T, 3T)
    lse = scores.logsumexp(-1)
    attended = torch.einsum(
        "nhcij,nhcjd->nhcid", (scores - lse[..., None]).exp(), value[batch, near]
    )

    def unsort(sequence: Tensor) -> Tensor:
        """Slots (N, h, n, T, ...) -> pixels (N, h, L, ...), without the padded queries."""
        slot_of_pixel = sorted_indices.long().argsort(-1)
        sequence = sequence.flatten(2, 3)[:, :, :length]
        index = slot_of_pixel.reshape(images, rounds, length, *[1] * (sequence.ndim - 3))
        return sequence.gather(2, index.expand_as(sequence))

    lse, attended = unsort(lse), unsort(attended)
    return (lse.softmax(1)[..., None] * attended).sum(1), lse


def pad_order(order: Tensor, slots: int) -> Tensor:
    """Repeat the last elements, in order, up to whole chunks: ``(..., L)`` -> ``(..., nT)``.

    The copies are real keys: their pixels count twice for every query that sees them.
    """
    missing = -order.shape[-1] % slots if slots else 0
    return torch.cat([order, order[..., order.shape[-1] - missing :]], dim=-1)
