"""GLA as the published program arranges it, written from its specification: the denominator.

All rounds at once, everything gathered and copied three times for the neighboring chunks, the MLP
evaluated on every copy. Same results as :class:`srplug_dlsn.attention.GLA`, to rounding.
"""

from __future__ import annotations

import torch
from srplug_dlsn.attention import GLA, KEY_EPSILON
from torch import Tensor
from torch.nn import functional as F


class PublishedGLA(GLA):
    """The block with its attention rearranged."""

    def forward(self, x: Tensor, rotations: Tensor | None = None) -> Tensor:
        """``(N, F, H, W)`` -> the same shape."""
        images, _, height, width = x.shape
        query = self.conv_match(x).view(images, -1, height * width).permute(0, 2, 1)
        value = self.conv_assembly(x).view(images, -1, height * width).permute(0, 2, 1)
        features = self.conv_assembly_fc(x).view(images, -1, height * width).permute(0, 2, 1)
        length, rounds, slots = query.shape[1], self.num_hashes, self.chunk_size
        if rotations is None:
            rotations = self.rotations(length, query.shape[2])
        rotations = rotations.to(x.device)

        codes = torch.einsum("nlc,hcb->nhlb", query.detach().float(), rotations).argmax(-1)
        offsets = torch.arange(rounds, device=x.device)[None, :, None] * rotations.shape[2]
        order = (codes + offsets).reshape(images, -1).sort(dim=-1, stable=True).indices
        undo = order.sort(dim=-1).indices
        pixels = order % length
        padding = -length % slots

        def chunked(sequence: Tensor) -> Tensor:
            sequence = _gather(sequence, pixels).view(images, rounds, length, -1)
            if padding:
                sequence = torch.cat([sequence, sequence[:, :, -padding:]], dim=2)
            return sequence.view(images, rounds, -1, slots, sequence.shape[-1])

        query, value, features = chunked(query), chunked(value), chunked(features)
        keys = _adjacent(F.normalize(query, p=2, dim=-1, eps=KEY_EPSILON))
        value, features = _adjacent(value), _adjacent(features)
        scores = torch.einsum("nhkid,nhkjd->nhkij", query, keys)
        scores = scores + self.fc(features).permute(0, 1, 2, 4, 3)
        lse = torch.logsumexp(scores, dim=-1, keepdim=True)
        attended = torch.einsum("nhkij,nhkjd->nhkid", torch.exp(scores - lse), value)

        attended = attended.reshape(images, rounds, -1, attended.shape[-1])[:, :, :length]
        lse = lse.reshape(images, rounds, -1)[:, :, :length]
        attended = _gather(attended.reshape(images, rounds * length, -1), undo)
        lse = lse.reshape(images, -1).gather(1, undo)
        shares = lse.view(images, rounds, length, 1).softmax(dim=1)
        out = (attended.view(images, rounds, length, -1) * shares).sum(dim=1)
        return out.permute(0, 2, 1).reshape(x.shape) * self.res_scale + x


def _gather(sequence: Tensor, index: Tensor) -> Tensor:
    """(N, L, X) at (N, M) -> (N, M, X)."""
    return sequence.gather(1, index[:, :, None].expand(-1, -1, sequence.shape[-1]))


def _adjacent(chunks: Tensor) -> Tensor:
    """Each chunk with the one before and the one after."""
    return torch.cat([chunks, chunks.roll(1, 2), chunks.roll(-1, 2)], dim=3)
