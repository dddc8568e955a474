"""The training of one image, by the paper.

Where the paper leaves a choice: the mask of the boundary term is
``(exp(d/2) - 1) / (exp(n/4) - 1)`` with d the distance from the center of n x n; boundary and
sparsity are means over the kernel (with sums, sparsity would drive it to zero); uniform noise of at
most a gray level goes onto real and generated patches alike, for both networks; PyTorch's initial
weights.
"""

from __future__ import annotations

import itertools
from typing import Literal

import attrs
import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.options.declaration import defaults
from srcore.seeding import derive
from srcore.transforms.resize import resize
from srplug_usrdu.kernelgan.constraints import BicubicWeight, kernel_penalty
from srplug_usrdu.kernelgan.crops import Chooser, CropChooser
from srplug_usrdu.kernelgan.networks import CROP, PATCH, LinearDownscaler, PatchJudge
from srplug_usrdu.options import KernelsOptions

_DEFAULT = defaults(KernelsOptions)

Variant = Literal["paper", "published"]


@attrs.frozen(kw_only=True)
class KernelGanSettings:
    """Variant, length and width; the rest is as published.

    Attributes:
        variant: what is computed, see :mod:`srplug_usrdu.kernelgan`.
        iterations: updates of either network.
        num_features: channels of both.
        learning_rate: of Adam with betas (0.5, 0.999); a tenth after every ``decay_every``.
        decay_every: iterations.
        bicubic_every: iterations between reductions of the bicubic term by 100, once it is small.
    """

    variant: Variant = _DEFAULT.variant
    iterations: int = _DEFAULT.iterations
    num_features: int = _DEFAULT.num_features
    learning_rate: float = 2e-4
    decay_every: int = 750
    bicubic_every: int = 200


class KernelGan:
    """The training of one image.

    Args:
        image: ``(1, 3, H, W)`` in [-1, 1], on its device.
        settings: length and width.
        seed: of weights, crops and noise.
    """

    def __init__(self, image: Tensor, settings: KernelGanSettings, seed: int) -> None:
        self.settings = settings
        self.random = torch.Generator().manual_seed(derive(seed))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, 1))
            self.generator = LinearDownscaler(settings.num_features).to(image.device)
            self.judge = PatchJudge(settings.num_features).to(image.device)
        self.crops: Chooser = CropChooser(image, CROP)
        self.patches: Chooser = CropChooser(image, PATCH)
        self.optimizers = [
            torch.optim.Adam(net.parameters(), settings.learning_rate, betas=(0.5, 0.999))
            for net in (self.generator, self.judge)
        ]
        self.bicubic = BicubicWeight(settings.bicubic_every)

    def step(self, iteration: int) -> None:
        """One update of the generator, then one of the discriminator; 1-based iteration."""
        rate = self.settings.learning_rate / 10 ** self.decays(iteration)
        for optimizer in self.optimizers:
            optimizer.param_groups[0]["lr"] = rate
        crop, real = self.crops.draw(self.random), self.patches.draw(self.random)
        fake = self.generator(crop)
        self._update_generator(crop, fake, iteration)
        self._update_judge(*self.shown(crop, real, fake))

    def decays(self, iteration: int) -> int:
        """How often the learning rate has fallen."""
        return (iteration - 1) // self.settings.decay_every

    def judged(self, fake: Tensor) -> Tensor:
        """What the discriminator sees of generated patches while the generator learns."""
        return self._noisy(fake)

    def shown(self, crop: Tensor, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Real and generated patches that the discriminator learns from."""
        del crop
        return self._noisy(real), self._noisy(fake.detach())

    def penalty(self, kernel: Tensor) -> Tensor:
        """Constraints on the kernel beside the bicubic one."""
        return kernel_penalty(kernel, faded=self.bicubic.faded)

    def _update_generator(self, crop: Tensor, fake: Tensor, iteration: int) -> None:
        adversarial = (self.judge(self.judged(fake)) - 1).abs().mean()
        kernel = self.generator.kernel()
        bicubic = F.mse_loss(fake, _valid(resize(crop, scale=0.5), fake))
        loss = adversarial + self.bicubic.value * bicubic + self.penalty(kernel)
        self._descend(0, loss)
        self.bicubic.update(iteration, float(bicubic.detach()))

    def _update_judge(self, real: Tensor, fake: Tensor) -> None:
        loss = (self.judge(real) - 1).abs().mean()
        loss = loss + self.judge(fake).abs().mean()
        self._descend(1, loss)

    def _descend(self, which: int, loss: Tensor) -> None:
        self.optimizers[which].zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimizers[which].step()

    def _noisy(self, image: Tensor) -> Tensor:
        noise = torch.rand(image.shape, generator=self.random).to(image) * 2 - 1
        return image + noise * (2 / 255)  # images span 2: this is a gray level


def _valid(image: Tensor, like: Tensor) -> Tensor:
    """The middle of an image, sized like another."""
    top, left = ((a - b) // 2 for a, b in itertools.zip_longest(image.shape[-2:], like.shape[-2:]))
    return image[..., top : top + like.shape[-2], left : left + like.shape[-1]]
