"""Target values of adversarial losses: one-sided smoothing, noisy and flipped labels."""

from __future__ import annotations

import attrs
import torch
from torch import Tensor

from srcore.options.declaration import defaults
from srplug_esrdgan.options import LabelOptions

_DEFAULT = defaults(LabelOptions)


def targets(
    *, smoothing: float, flipped: bool, smooth_flipped: bool = _DEFAULT.smooth_flipped
) -> tuple[float, float]:
    """(real, fake) without noise.

    | classes     | real          | fake |
    |-------------|---------------|------|
    | as they are | 1 - smoothing | 0    |
    | swapped     | smoothing     | 1    |

    Swapping equals training on the negative logits. In the published program swapped labels lose
    their smoothing (``smooth_flipped=False``): real 0, fake 1.
    """
    if not flipped:
        return 1.0 - smoothing, 0.0
    return smoothing if smooth_flipped else 0.0, 1.0


def with_noise(target: float, normal: Tensor, sigma: float) -> Tensor:
    """``clamp(target + sigma * normal, 0, 1)``; ``normal`` are standard normal, ``(N,)``."""
    return (target + sigma * normal).clamp(0.0, 1.0)


@attrs.frozen(kw_only=True)
class SoftLabels:
    """Targets of one iteration, for the generator's and the discriminator's loss alike.

    Use them in any experiment with ``method.type = "gan"`` whose adversarial loss has labels
    (modes ``vanilla`` and ``lsgan``); ``relativistic = "paired"`` uses the real one only:

        [method.labels]
        type = "esrdgan"
        smoothing = 0.1        # Salimans et al. 2016
        noise = 0.05
        flip_probability = 0.0

    Attributes:
        smoothing: taken off the target of real images.
        noise: standard deviation of both targets, which stay in [0, 1].
        noise_per_image: a draw per image instead of one per class.
        flip_probability: how often the classes are swapped.
        smooth_flipped: whether swapped targets keep their smoothing.

    >>> import torch
    >>> SoftLabels(smoothing=0.1)(16, progress=0.5, generator=torch.Generator())
    (0.9, 0.0)
    """

    smoothing: float = _DEFAULT.smoothing
    noise: float = _DEFAULT.noise
    noise_per_image: bool = _DEFAULT.noise_per_image
    flip_probability: float = _DEFAULT.flip_probability
    smooth_flipped: bool = _DEFAULT.smooth_flipped

    def __call__(
        self, batch_size: int, *, progress: float, generator: torch.Generator
    ) -> tuple[float | Tensor, float | Tensor]:
        """(real, fake): numbers, or ``(batch_size,)`` with noise."""
        real, fake = targets(
            smoothing=self.smoothing,
            flipped=self._flips(generator),
            smooth_flipped=self.smooth_flipped,
        )
        if not self.noise:
            return real, fake
        count = batch_size if self.noise_per_image else 1
        normal = torch.randn(2, count, generator=generator, device=generator.device)
        noisy = [
            with_noise(target, draw, self.noise).expand(batch_size)
            for target, draw in zip((real, fake), normal, strict=True)
        ]
        return noisy[0], noisy[1]

    def _flips(self, generator: torch.Generator) -> bool:
        # Nothing is drawn, and no device is waited for, where there is nothing to decide.
        if self.flip_probability in (0.0, 1.0):
            return self.flip_probability == 1.0
        draw = torch.rand((), generator=generator, device=generator.device)
        return bool(draw < self.flip_probability)
