"""Hashed attention in PyTorch operations, one image and one round at a time.

What makes it quick beside the definition: neighboring chunks are overlapping views rather than
copies, and the score tensor of one round is the largest thing alive. The backward pass recomputes
the probabilities.

Axes: L pixels, n chunks of T slots, 3T keys of a chunk's queries.
"""

from __future__ import annotations

import torch
from torch import Tensor

from srplug_dlsn.hashing import hash_codes, sort_by_code
from srplug_dlsn.ops.checks import check_hash
from srplug_dlsn.ops.reference import pad_order

Gradients = tuple[Tensor, Tensor, Tensor, Tensor]


def forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    fc_score: Tensor,
    sorted_indices: Tensor,
    chunk_size: int,
) -> tuple[Tensor, Tensor]:
    """Values ``(N, L, D)`` and log-sum-exp ``(N, h, L)``, in chunks that fit the caches.

    See :func:`srplug_dlsn.ops.reference.hashed_attention`.
    """
    images, length, width = value.shape
    rounds = sorted_indices.shape[1]
    slots = min(chunk_size, length)
    out = value.new_zeros(images, length, width)
    lse = value.new_zeros(images, rounds, length)
    for image in range(images if length else 0):
        combined = value.new_full((length,), -torch.inf)
        for turn in range(rounds):
            order = sorted_indices[image, turn].long()
            padded = pad_order(order, slots)
            scores = _scores(query[image], key[image], fc_score[image], padded, slots)
            top = scores.amax(-1, keepdim=True)
            weights = scores.sub_(top).exp_()
            total = weights.sum(-1, keepdim=True)
            attended = torch.bmm(weights, _neighborhoods(value[image, padded], slots)).div_(total)
            lse[image, turn, order] = (total.log_().add_(top)).flatten()[:length]
            merged = torch.logaddexp(combined, lse[image, turn])
            out[image].mul_((combined - merged).exp_()[:, None])
            share = (lse[image, turn] - merged).exp_()[order, None]
            out[image].index_add_(0, order, attended.flatten(0, 1)[:length].mul_(share))
            combined = merged
    return out, lse


def backward(
    grad_out: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    fc_score: Tensor,
    sorted_indices: Tensor,
    out: Tensor,
    lse: Tensor,
    chunk_size: int,
) -> Gradients:
    """Gradients of ``(out * grad_out).sum()``, shaped like query, key, value and fc_score.

    ``grad_out`` and ``out`` are ``(N, L, D)``, ``lse`` is ``(N, h, L)``.

    With probabilities ``P = exp(s - LSE)`` over the keys of all rounds, ``dS = P (dO.v - dO.out)``.
    """
    images, length, _ = query.shape
    slots = min(chunk_size, length)
    gradients = (
        query.new_zeros(query.shape),
        key.new_zeros(key.shape),
        value.new_zeros(value.shape),
        fc_score.new_zeros(fc_score.shape),
    )
    if length == 0:
        return gradients
    combined = lse.logsumexp(1)
    delta = (grad_out * out).sum(-1)
    for image in range(images):
        grad_query, grad_key, grad_value, grad_score = (gradient[image] for gradient in gradients)
        for turn in range(sorted_indices.shape[1]):
            padded = pad_order(sorted_indices[image, turn].long(), slots)

            def chunked(pixels: Tensor, padded: Tensor = padded) -> Tensor:
                return pixels[padded].view(-1, slots, *pixels.shape[1:])

            probability = _scores(query[image], key[image], fc_score[image], padded, slots)
            probability.sub_(chunked(combined[image])[..., None]).exp_()
            probability.flatten(0, 1)[length:] = 0  # padded queries do not exist
            upstream = chunked(grad_out[image])
            from_value = torch.bmm(probability.transpose(1, 2), upstream)  # (n, 3T, D)
            values = _neighborhoods(value[image, padded], slots)
            slope = torch.bmm(upstream, values.transpose(1, 2))
            slope.sub_(chunked(delta[image])[..., None]).mul_(probability)  # dS: (n, T, 3T)
            from_query = torch.bmm(slope, _neighborhoods(key[image, padded], slots))
            from_key = torch.bmm(slope.transpose(1, 2), chunked(query[image]))
            grad_query.index_add_(0, padded, from_query.flatten(0, 1))
            grad_key.index_add_(0, padded, _fold(from_key))
            grad_value.index_add_(0, padded, _fold(from_value))
            grad_score[:, :slots].index_add_(0, padded, _fold(slope.transpose(1, 2)))
    return gradients


def _scores(query: Tensor, key: Tensor, fc_score: Tensor, padded: Tensor, slots: int) -> Tensor:
    """Scores (n, T, 3T) of one round; rows of padded queries hold unused numbers."""
    queries = query[padded].view(-1, slots, query.shape[1])
    keys = _neighborhoods(key[padded], slots)
    learned = _neighborhoods(fc_score[padded, :slots], slots)  # (n, 3T, T): rows belong to keys
    return torch.baddbmm(learned.transpose(1, 2), queries, keys.transpose(1, 2))


def _neighborhoods(sequence: Tensor, slots: int) -> Tensor:
    """(n*T, X) -> view (n, 3T, X): the rows of the chunk before, the chunk, and the one after."""
    around = torch.cat([sequence[-slots:], sequence, sequence[:slots]])
    step, inner = around.stride()
    size = (sequence.shape[0] // slots, 3 * slots, sequence.shape[1])
    return around.as_strided(size, (slots * step, step, inner))


def _fold(near: Tensor) -> Tensor:
    """(n, 3T, X) -> (n*T, X): adds up what the three neighbors say of each slot."""
    before, same, after = near.chunk(3, dim=1)
    return (before.roll(-1, 0) + same + after.roll(1, 0)).flatten(0, 1)


def hash_order(query: Tensor, rotations: Tensor, backend: str) -> tuple[Tensor, Tensor]:
    """The operator, a product per round: ``(N, L, C)``, ``(h, C, B)`` -> ``(N, h, L)`` twice."""
    check_hash(query, rotations, backend)
    return sorted_codes(hash_codes(query, rotations), rotations)


def sorted_codes(codes: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
    """Codes ``(N, h, L)`` and the order that sorts pixels by them, as the operator returns them."""
    return codes.int(), sort_by_code(codes, rotations.shape[2]).int()


def widen(tensor: Tensor) -> Tensor:
    """A tensor of any shape in the dtype that sums are kept in."""
    return tensor.to(accumulator(tensor.dtype))


def accumulator(dtype: torch.dtype) -> torch.dtype:
    """The dtype that sums of a dtype are kept in."""
    return torch.float64 if dtype == torch.float64 else torch.float32
