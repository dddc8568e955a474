"""The loss of flow matching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from srcore.losses.entries import same_size_entry

if TYPE_CHECKING:
    from srcore.contracts import LossContext


def flow_matching_loss(sr: Tensor, hr: Tensor, time: Tensor) -> Tensor:
    """Mean squared error of the velocity, by the estimate that was made with it.

    ``|v - (hr - x_0)|^2`` (Liu et al., ICLR 2023, eq. 1) with ``sr = x_t + (1 - t) v`` and ``x_t =
    (1 - t) x_0 + t hr`` is ``|sr - hr|^2 / (1 - t)^2``: an error of the image counts more the less
    of the path is left.

    Args:
        sr: estimate, ``(N, C, H, W)``.
        hr: truth like ``sr``.
        time: t, ``(N,)`` below 1.
    """
    return ((sr - hr) / (1 - time.view(-1, 1, 1, 1))).square().mean()


class FlowMatchingLoss(nn.Module):
    """Trains the velocity of methods that draw times.

        [generator]
        type = "flow"
        [method]
        type = "flow_matching"
        [[losses]]
        type = "flow_matching"

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 2, 2), 0.5), torch.zeros(1, 3, 2, 2)
    >>> context = LossContext({"hr": hr}, sr, iteration=1)
    >>> context.extras["flow_time"] = torch.tensor([0.5])
    >>> FlowMatchingLoss()(context)
    tensor(1.)
    """

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term, of images ``(N, C, H, W)``."""
        hr = same_size_entry(context, "hr", "flow_matching")
        return flow_matching_loss(context.sr, hr, context.extras["flow_time"])
