"""KernelGAN: the blur kernel of a single image (Bell-Kligler et al., NeurIPS 2019, 1909.06581).

A linear generator halves crops of the image so that a discriminator cannot tell them from the
image's own patches; its convolutions, multiplied out, are the kernel.

Where the paper and the sheet this follows leave a choice: images are in [-1, 1]; the mask of the
boundary term is ``(exp(d/2) - 1) / (exp(n/4) - 1)`` with d the distance from the centre of n x n;
boundary and sparsity are means over the kernel (with sums, sparsity would drive it to zero);
uniform noise of at most a grey level goes onto real and generated patches alike.
"""

from __future__ import annotations

import itertools
import math

import attrs
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from srcore.engine.seeding import derive
from srcore.errors import DataError
from srcore.transforms.resize import resize

_KERNEL_SIZES = (7, 5, 3, 1, 1, 1)
#: Side of the implied kernel.
KERNEL_SIZE = 1 + sum(size - 1 for size in _KERNEL_SIZES)
_CROP = 64
_PATCH = (_CROP - KERNEL_SIZE) // 2 + 1
_SMALLEST_BICUBIC = 5e-6
_BICUBIC_ENOUGH = 5e-3


@attrs.frozen(kw_only=True)
class KernelGanSettings:
    """Length and width; the rest is as published.

    Attributes:
        iterations: updates of either network.
        num_features: channels of both.
        learning_rate: of Adam with betas (0.5, 0.999); a tenth after every ``decay_every``.
        decay_every: iterations.
        bicubic_every: iterations between reductions of the bicubic term by 100, once it is small.
    """

    iterations: int = 3000
    num_features: int = 64
    learning_rate: float = 2e-4
    decay_every: int = 750
    bicubic_every: int = 200


class LinearDownscaler(nn.Module):
    """Convolutions 7, 5, 3, 1, 1, 1 without bias or activation on single channels; halves."""

    def __init__(self, num_features: int = 64) -> None:
        super().__init__()
        last = len(_KERNEL_SIZES) - 1
        self.layers = nn.Sequential(
            *(
                nn.Conv2d(
                    1 if index == 0 else num_features,
                    1 if index == last else num_features,
                    size,
                    stride=2 if index == last else 1,
                    bias=False,
                )
                for index, size in enumerate(_KERNEL_SIZES)
            )
        )

    def forward(self, image: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> ``(N, C, (H - 13) // 2 + 1, ...)``, channel by channel."""
        count, channels = image.shape[:2]
        low: Tensor = self.layers(image.flatten(0, 1)[:, None])
        return low.reshape(count, channels, *low.shape[-2:])

    def kernel(self) -> Tensor:
        """The convolutions multiplied out, ``(13, 13)``, with graph; a correlation kernel."""
        # the response to an impulse is the kernel turned by half a circle
        side = 2 * KERNEL_SIZE - 1
        response = next(self.parameters()).new_zeros(1, 1, side, side)
        response[..., KERNEL_SIZE - 1, KERNEL_SIZE - 1] = 1
        for weight in self.parameters():
            response = F.conv2d(response, weight)
        return response[0, 0].flip(0, 1)


class PatchJudge(nn.Module):
    """A 7x7 convolution and pointwise layers: for every pixel, how real its surroundings look."""

    def __init__(self, num_features: int = 64, num_blocks: int = 5) -> None:
        super().__init__()
        layers: list[nn.Module] = [spectral_norm(nn.Conv2d(3, num_features, 7))]
        for _ in range(num_blocks):
            layers += [
                spectral_norm(nn.Conv2d(num_features, num_features, 1)),
                nn.BatchNorm2d(num_features),
                nn.ReLU(),
            ]
        layers += [spectral_norm(nn.Conv2d(num_features, 1, 1)), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        """``(N, 3, H, W)`` -> ``(N, 1, H - 6, W - 6)`` in (0, 1)."""
        scores: Tensor = self.layers(image)
        return scores


@attrs.define
class BicubicWeight:
    """Weight of the term that starts the kernel as bicubic, and fades."""

    every: int
    value: float = 5.0
    _small_in_row: int = 0
    _fading_since: int | None = None

    @property
    def faded(self) -> bool:
        """Whether the kernel may leave the bicubic one: centre and sparsity set in."""
        return self.value < _BICUBIC_ENOUGH

    def update(self, iteration: int, loss: float) -> None:
        """Fade by 100 at once after three losses below 0.4 in a row, then every so often."""
        if self._fading_since is None:
            self._small_in_row = self._small_in_row + 1 if loss < 0.4 else 0
            if self._small_in_row < 3:
                return
            self._fading_since = iteration
        if (iteration - self._fading_since) % self.every == 0:
            self.value = max(self.value / 100, _SMALLEST_BICUBIC)


def kernel_penalty(kernel: Tensor, *, faded: bool) -> Tensor:
    """Weighted constraints on the kernel: sum 1, dark boundary; later centred and sparse.

    Args:
        kernel: ``(n, n)``.
        faded: whether centre and sparsity count already.
    """
    size = kernel.shape[0]
    offsets = torch.arange(size, device=kernel.device, dtype=kernel.dtype) - (size - 1) / 2
    distance = torch.hypot(offsets[:, None], offsets)
    mask = torch.expm1(distance / 2) / math.expm1(size / 4)
    total = kernel.sum()
    penalty = 0.5 * (1 - total).abs() + 0.5 * (kernel * mask).abs().mean()
    if not faded:
        return penalty
    aim = 0.5  # beyond the middle: where the bicubic term aligns the halved image
    mass = torch.stack([(kernel.sum(1) * offsets).sum(), (kernel.sum(0) * offsets).sum()]) / total
    sparsity = (kernel.abs() + 1e-12).pow(0.2).mean()
    off_centre: Tensor = torch.linalg.vector_norm(mass - aim)
    return penalty + off_centre + 5 * sparsity


class CropChooser:
    """Draws crops of an image, more often where it has edges.

    Args:
        image: ``(1, 3, H, W)``.
        side: of the crops.
    """

    def __init__(self, image: Tensor, side: int) -> None:
        self.image = image
        self.side = side
        gray = image.mean(1, keepdim=True)
        edges = (gray[..., 1:, :-1] - gray[..., :-1, :-1]).abs()
        edges = edges + (gray[..., :-1, 1:] - gray[..., :-1, :-1]).abs()
        # sum of the edges inside the crop at every position
        inside = F.avg_pool2d(F.pad(edges, (0, 1, 0, 1)), side, stride=1)
        self.columns = inside.shape[-1]
        # a flat image has no edges: then all positions are alike
        self.chances = (inside.flatten() + 1e-6).cpu()

    def draw(self, generator: torch.Generator) -> Tensor:
        """One crop ``(1, 3, side, side)``."""
        index = int(torch.multinomial(self.chances, 1, generator=generator))
        top, left = divmod(index, self.columns)
        return self.image[..., top : top + self.side, left : left + self.side]


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
        self.crops = CropChooser(image, _CROP)
        self.patches = CropChooser(image, _PATCH)
        self.optimizers = [
            torch.optim.Adam(net.parameters(), settings.learning_rate, betas=(0.5, 0.999))
            for net in (self.generator, self.judge)
        ]
        self.bicubic = BicubicWeight(settings.bicubic_every)

    def step(self, iteration: int) -> None:
        """One update of the generator, then one of the discriminator; 1-based iteration."""
        rate = self.settings.learning_rate / 10 ** ((iteration - 1) // self.settings.decay_every)
        for optimizer in self.optimizers:
            optimizer.param_groups[0]["lr"] = rate
        crop, real = self.crops.draw(self.random), self.patches.draw(self.random)
        fake = self.generator(crop)
        self._update_generator(crop, fake, iteration)
        self._update_judge(real, fake.detach())

    def _update_generator(self, crop: Tensor, fake: Tensor, iteration: int) -> None:
        adversarial = (self.judge(self._noisy(fake)) - 1).abs().mean()
        kernel = self.generator.kernel()
        bicubic = F.mse_loss(fake, _valid(resize(crop, scale=0.5), fake))
        penalty = kernel_penalty(kernel, faded=self.bicubic.faded)
        loss = adversarial + self.bicubic.value * bicubic + penalty
        self._descend(0, loss)
        self.bicubic.update(iteration, float(bicubic.detach()))

    def _update_judge(self, real: Tensor, fake: Tensor) -> None:
        loss = (self.judge(self._noisy(real)) - 1).abs().mean()
        loss = loss + self.judge(self._noisy(fake)).abs().mean()
        self._descend(1, loss)

    def _descend(self, which: int, loss: Tensor) -> None:
        self.optimizers[which].zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimizers[which].step()

    def _noisy(self, image: Tensor) -> Tensor:
        noise = torch.rand(image.shape, generator=self.random).to(image) * 2 - 1
        return image + noise * (2 / 255)  # images span 2: this is a grey level


def estimate_kernel(
    image: Tensor, settings: KernelGanSettings, *, seed: int = 0, source: str = "image"
) -> NDArray[np.float64]:
    """The raw x2 kernel of an image.

    Args:
        image: ``(1, 3, H, W)`` in [0, 1].
        settings: length and width of the training.
        seed: same seed, same kernel on a CPU.
        source: what errors name.

    Returns:
        ``(13, 13)``, not yet post-processed; see :func:`srplug_usrdu.kernels.finished_kernels`.

    Raises:
        DataError: the image is smaller than a crop.
    """
    if min(image.shape[-2:]) < _CROP:
        height, width = image.shape[-2:]
        raise DataError(
            f"{source}: {width}x{height} pixels (width x height); KernelGAN needs "
            f"{_CROP}x{_CROP} or more; leave it out"
        )
    training = KernelGan(image * 2 - 1, settings, seed)
    for iteration in range(1, settings.iterations + 1):
        training.step(iteration)
    kernel: NDArray[np.float64] = training.generator.kernel().detach().double().cpu().numpy()
    return kernel


def _valid(image: Tensor, like: Tensor) -> Tensor:
    """The middle of an image, sized like another."""
    top, left = ((a - b) // 2 for a, b in itertools.zip_longest(image.shape[-2:], like.shape[-2:]))
    return image[..., top : top + like.shape[-2], left : left + like.shape[-1]]
