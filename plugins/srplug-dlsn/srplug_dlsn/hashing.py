"""Super-Bit locality-sensitive hashing: which pixels the attention puts side by side.

A round projects the queries on the columns of a random orthogonal matrix; the largest projection is
the hash code, and pixels are sorted by code. Codes carry no gradient.

Axes: N images, L pixels, C channels, h rounds, B buckets.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

MAX_BUCKETS = 128


def bucket_count(length: int, chunk_size: int) -> int:
    """Buckets ``B`` for ``length`` pixels: about one per chunk, even, from 2 to 128.

    The published program has none for ``length < chunk_size`` and fails; here it is 2.
    """
    chunks = length // chunk_size
    return max(2, min(chunks + chunks % 2, MAX_BUCKETS))


def draw_rotations(
    rounds: int, channels: int, buckets: int, generator: torch.Generator | None = None
) -> Tensor:
    """Random matrices ``(h, C, B)``, float32, on the CPU, uniform among orthogonal ones.

    With ``B <= C`` the columns are orthonormal, else the rows are. Without a generator PyTorch's
    own is used, which a resumed training run restores.
    """
    tall, wide = max(channels, buckets), min(channels, buckets)
    gaussian = torch.randn(rounds, tall, wide, generator=generator, dtype=torch.float32)
    factors = torch.linalg.qr(gaussian)
    orthogonal: Tensor = factors.Q * factors.R.diagonal(dim1=-2, dim2=-1).sign()[:, None]
    return orthogonal if channels >= buckets else orthogonal.transpose(1, 2).contiguous()


@functools.lru_cache(maxsize=256)
def fixed_rotations(
    rounds: int, channels: int, buckets: int, seed: int, device: str = "cpu"
) -> Tensor:
    """The rotations ``(h, C, B)`` of evaluation, the same for every image. Do not write to them.

    They stay on the device, so that no image waits for their copy.
    """
    with torch.no_grad():
        drawn = draw_rotations(rounds, channels, buckets, torch.Generator().manual_seed(seed))
        return drawn.to(device)


def hash_codes(query: Tensor, rotations: Tensor) -> Tensor:
    """Codes ``(N, h, L)`` int64 of queries ``(N, L, C)`` for rotations ``(h, C, B)``.

    The first of equally large projections wins, so an all-zero query has code 0. Always in true
    float32 (or better): rounding differences would change codes.

    One matrix product per round keeps the (N, L, B) projections of one round alive only.
    """
    query, rotations = _exact(query, rotations)
    with torch.autocast(query.device.type, enabled=False):
        return torch.stack([(query @ rotation).argmax(-1) for rotation in rotations], dim=1)


def codes_at_once(query: Tensor, rotations: Tensor) -> Tensor:
    """As :func:`hash_codes` by a single product: launches cost a GPU more than memory does.

    Codes ``(N, h, L)`` of queries ``(N, L, C)`` for rotations ``(h, C, B)``.
    """
    rounds, channels, buckets = rotations.shape
    query, rotations = _exact(query, rotations)
    columns = rotations.transpose(0, 1).reshape(channels, rounds * buckets)
    with torch.autocast(query.device.type, enabled=False):
        projections = (query @ columns).reshape(*query.shape[:2], rounds, buckets)
    return projections.argmax(-1).transpose(1, 2).contiguous()  # as registered for compilers


def _exact(query: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float32, or in float64 where that is asked for or products of float32 are rounded."""
    rounds_products = torch.get_float32_matmul_precision() != "highest"
    wanted = torch.float64 if rounds_products or query.dtype == torch.float64 else torch.float32
    return query.detach().to(wanted), rotations.to(query.device, wanted)


def sort_by_code(codes: Tensor, buckets: int) -> Tensor:
    """Pixels ``(N, h, L)`` int64 in the order of their codes, equal ones by ascending index.

    The published program leaves the order of equal codes to the device; it changes the result,
    because chunks do not end where buckets do. GPUs sort by bytes, and one holds a usual code.
    """
    narrow = codes.to(torch.uint8) if buckets <= 256 else codes
    return narrow.sort(dim=-1, stable=True).indices
