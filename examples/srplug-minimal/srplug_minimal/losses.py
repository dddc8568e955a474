"""The loss ``minimal``."""

from torch import Tensor, nn

from srcore import LossContext


class MinimalLoss(nn.Module):
    """``mean(|sr - hr| ** exponent)``.

    A loss receives the context (``sr``, ``hr``, ``lr``, iteration, ...) and returns a scalar; the
    ``weight`` of the experiment is applied outside.
    """

    def __init__(self, exponent: float) -> None:
        super().__init__()
        self.exponent = exponent

    def forward(self, context: LossContext) -> Tensor:
        """Scalar, not weighted."""
        error = (context.sr - context.hr).abs()
        return (error**self.exponent).mean()
