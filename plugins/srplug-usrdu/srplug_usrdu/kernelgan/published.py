"""The training of one image as the published program does it."""

from __future__ import annotations

import attrs
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from srcore.seeding import derive
from srcore.transforms.resize import resize
from srplug_usrdu.kernelgan.constraints import BicubicWeight
from srplug_usrdu.kernelgan.networks import CROP, PATCH
from srplug_usrdu.kernelgan.training import KernelGan, KernelGanSettings

#: Pixels of every edge of the image that are left out.
SHAVED = 10
_GRAY = (0.299, 0.587, 0.114)
_GRADIENT_WINDOW = 5
#: Share of the gradients that count as none.
_CLIPPED = 0.97

Map = NDArray[np.float64]


class PublishedKernelGan(KernelGan):
    """As the published program computes it; arguments as of the base class.

    Unlike the paper's variant it leaves out 10 pixels of every edge, begins with small weights,
    shows the generator's patches to the discriminator without noise while the generator learns,
    makes them anew afterwards, and draws crops by a clipped map of gradients, at even positions.
    """

    def __init__(self, image: Tensor, settings: KernelGanSettings, seed: int) -> None:
        shaved = image[..., SHAVED:-SHAVED, SHAVED:-SHAVED]
        height, width = (side - side % 2 for side in shaved.shape[-2:])
        shaved = shaved[..., :height, :width]
        super().__init__(shaved, settings, seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, 2))
            self.generator.apply(_small_weights)
            self.judge.apply(_small_weights)
        pixels = ((shaved[0].double().cpu() + 1) / 2).clamp(0, 1)
        small = edge_map(resize(pixels, scale=0.5))
        self.crops = EdgeCrops(shaved, CROP, small.repeat(2, 0).repeat(2, 1))
        self.patches = EdgeCrops(shaved, PATCH, edge_map(pixels))
        self.bicubic = PublishedBicubicWeight(settings.bicubic_every)

    def decays(self, iteration: int) -> int:
        """The rate falls after the iteration whose number, counted from 0, is a multiple."""
        return max(0, iteration - 2) // self.settings.decay_every

    def judged(self, fake: Tensor) -> Tensor:
        """Without noise."""
        return fake

    def shown(self, crop: Tensor, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Gaussian noise of one gray level on real, of half of one on new generated patches."""
        fake = self.generator(crop).detach()
        return real + 2 / 255 * self._gaussian(real), fake + 1 / 255 * self._gaussian(fake)

    def penalty(self, kernel: Tensor) -> Tensor:
        """Sum and boundary; center and sparsity once the bicubic term has faded."""
        mask = boundary_mask(kernel.shape[0]).to(kernel)
        total = kernel.sum()
        penalty = 0.5 * (1 - total).abs() + 0.5 * (kernel * mask).abs().mean()
        if not self.bicubic.faded:
            return penalty
        positions = torch.arange(kernel.shape[0]).to(kernel)
        mass = torch.stack([kernel.sum(1) @ positions, kernel.sum(0) @ positions]) / total
        center = kernel.shape[0] // 2 + 0.5 * (2 - kernel.shape[0] % 2)
        sparsity = (kernel.abs() + 1e-12).pow(0.2).mean()  # without it, 0 has no derivative
        return penalty + (mass - center).square().mean() + 5 * sparsity

    def _gaussian(self, like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=self.random).to(like)


@attrs.define
class PublishedBicubicWeight(BicubicWeight):
    """Fades at multiples of ``every``, once three losses in a row were small."""

    _similar: bool = False

    def update(self, iteration: int, loss: float) -> None:
        """Count small losses; later fade; the first iteration does not count."""
        number = iteration - 1
        if number == 0:
            return
        if not self._similar:
            self._small_in_row = self._small_in_row + 1 if loss < 0.4 else 0
            self._similar = self._small_in_row == 3
        elif number % self.every == 0:
            self.fade()


class EdgeCrops:
    """Draws crops whose middle is likely where gradients are, at even rows and columns.

    Args:
        image: ``(1, 3, H, W)``.
        side: of the crops.
        gradients: ``(H, W)``.
    """

    def __init__(self, image: Tensor, side: int, gradients: Map) -> None:
        self.image = image
        self.side = side
        self.chances = torch.from_numpy(crop_chances(gradients, side)).flatten()

    def draw(self, generator: torch.Generator) -> Tensor:
        """One crop ``(1, 3, side, side)``."""
        index = int(torch.multinomial(self.chances, 1, generator=generator))
        middle = divmod(index, self.image.shape[-1])
        corner = []
        for position, length in zip(middle, self.image.shape[-2:], strict=True):
            first = min(max(0, position - self.side // 2), length - self.side)
            corner.append(first - first % 2)
        top, left = corner
        return self.image[..., top : top + self.side, left : left + self.side]


def edge_map(image: Tensor) -> Map:
    """Strong gradients, smeared over 5 pixels, of mean 1.

    Args:
        image: ``(3, H, W)`` in [0, 1], float64.
    """
    gray = np.tensordot(_GRAY, image.numpy(), axes=1)
    vertical, horizontal = np.gradient(gray)
    total = np.zeros_like(gray)
    for gradient in (np.abs(vertical), np.abs(horizontal), np.hypot(vertical, horizontal)):
        strong = clipped(without_frame(gradient, _GRADIENT_WINDOW // 2))
        total += strong / (strong.sum() or 1)
    total = smeared(total, _GRADIENT_WINDOW)
    return np.asarray(total / (total.mean() or 1))


def crop_chances(gradients: Map, side: int) -> Map:
    """How likely every pixel is the middle of a crop; all alike where nothing has an edge."""
    chances = without_frame(smeared(gradients, side // 2), side // 2)
    total = chances.sum()
    return chances / total if total > 0 else np.full_like(chances, 1 / chances.size)


def clipped(values: Map) -> Map:
    """0 up to the 97th of a hundred, in order; then up to the next larger value."""
    ordered = np.sort(values, axis=None)
    pivot = int(_CLIPPED * ordered.size)
    low = ordered[pivot]
    following = ordered[min(pivot + 1, ordered.size - 1)]
    return np.asarray(np.clip(values, low, following if following > low else low + 1e-5) - low)


def without_frame(values: Map, width: int) -> Map:
    """Zero within ``width`` of the edge."""
    inner = np.s_[width:-width, width:-width]
    framed = np.zeros_like(values)
    framed[inner] = values[inner]
    return framed


def smeared(values: Map, side: int) -> Map:
    """Mean over side x side, zero outside; windows of an even side reach further up and left."""
    before, after = side // 2, (side - 1) // 2
    padded = F.pad(torch.from_numpy(values)[None, None], (before, after, before, after))
    return np.asarray(F.avg_pool2d(padded, side, stride=1)[0, 0].numpy())


def boundary_mask(size: int) -> Tensor:
    """``30 (1 - g)``, g a Gaussian of this sigma and top 1, 0 in the middle: ``(size, size)``."""
    offsets = torch.arange(size, dtype=torch.float64) - size // 2
    profile = torch.exp(-offsets.square() / (2 * size**2))
    mask = 30 * (1 - profile[:, None] * profile)
    margin = (size - (size // 2 + size % 2)) // 2 - 1
    mask[margin : size - margin, margin : size - margin] = 0
    return mask


def _small_weights(layer: nn.Module) -> None:
    """Xavier's normal weights times 0.1 for convolutions; N(1, 0.02) for batch norm, bias 0."""
    if isinstance(layer, nn.Conv2d):
        # a layer under spectral norm keeps its parameter under another name
        nn.init.xavier_normal_(getattr(layer, "weight_orig", layer.weight), 0.1)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, 0.02)
        nn.init.zeros_(layer.bias)
