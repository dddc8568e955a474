"""Few colors and dots: palettes, dithering, screens of print; and noise of sensors."""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from srcore.transforms.batch import happens, uniform
from srplug_degradations.arrays import RgbArray, each
from srplug_degradations.base import ImageDegradation, draw_numbers, per_image
from srplug_degradations.options import PaletteOptions, ScreentoneOptions, SensorNoiseOptions

#: Angles of red, green and blue on top of the drawn one, degrees: those of cyan, magenta, yellow.
_ANGLES = (15.0, 75.0, 0.0)
_LUMA = (0.299, 0.587, 0.114)


def bayer(order: int) -> Tensor:
    """Thresholds in (0, 1) of ordered dithering, ``(s, s)`` with the side s = 2^order."""
    pattern = torch.zeros(1, 1)
    for _ in range(order):
        pattern = torch.cat(
            (
                torch.cat((4 * pattern, 4 * pattern + 2), 1),
                torch.cat((4 * pattern + 3, 4 * pattern + 1), 1),
            )
        )
    return (pattern + 0.5) / pattern.numel()


def dither_ordered(array: RgbArray, colors: int) -> RgbArray:
    """``(H, W, 3)`` in equal steps of every channel, dithered by a square of 8."""
    levels = max(2, math.floor(colors ** (1 / 3) + 1e-9))
    height, width = array.shape[:2]
    tiles = bayer(3).repeat(-(-height // 8), -(-width // 8))[:height, :width, None]
    steps = torch.from_numpy(array).float() / 255 * (levels - 1)
    chosen = (steps + tiles).floor().clamp(0, levels - 1)
    result: RgbArray = (chosen * (255 / (levels - 1))).round().to(torch.uint8).numpy()
    return result


def of_palette(array: RgbArray, colors: int, *, is_diffused: bool) -> RgbArray:
    """``(H, W, 3)`` in the colors of a palette by median cut, as Pillow makes it."""
    image = Image.fromarray(array)
    palette = image.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    dither = Image.Dither.FLOYDSTEINBERG if is_diffused else Image.Dither.NONE
    return np.asarray(image.quantize(palette=palette, dither=dither).convert("RGB"))


class Palette(ImageDegradation):
    """Transform ``palette``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = Palette(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "palette", PaletteOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Every image with a number of colors and a way of its own."""
        options, count = self.options, len(image)
        low, high = options.colors
        colors = [low + it for it in draw_numbers(count, high - low + 1, generator)]
        kinds = draw_numbers(count, len(options.kinds), generator)

        def change(n: int, array: RgbArray) -> RgbArray:
            kind = options.kinds[kinds[n]]
            if kind == "bayer":
                return dither_ordered(array, colors[n])
            return of_palette(array, colors[n], is_diffused=kind == "diffusion")

        return each(image, change)


class Screentone(ImageDegradation):
    """Transform ``screentone``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = Screentone(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "screentone", ScreentoneOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Every image with a screen of its own."""
        options, count = self.options, len(image)
        period = per_image(uniform(options.period, count, generator), image)
        angle = per_image(uniform(options.angle, count, generator), image)
        hardness = per_image(uniform(options.hardness, count, generator), image)
        is_mono = happens(options.mono_probability, count, generator).to(image.device)
        channels, height, width = image.shape[1:]
        colored = channels == 3
        beside = torch.tensor(_ANGLES if colored else (0.0,) * channels).to(image)
        luma = torch.tensor(_LUMA if colored else (1 / channels,) * channels).to(image)
        gray = (image * luma[:, None, None]).sum(1, keepdim=True).expand_as(image)
        mono = is_mono[:, None, None, None]
        turned = (angle + torch.where(mono, 0.0, beside[:, None, None])) * (math.pi / 180)
        x = torch.arange(width, device=image.device, dtype=image.dtype)
        y = torch.arange(height, device=image.device, dtype=image.dtype)[:, None]
        u = (turned.cos() * x + turned.sin() * y) * (2 * math.pi / period)
        v = (turned.cos() * y - turned.sin() * x) * (2 * math.pi / period)
        threshold = (2 + u.cos() + v.cos()) / 4
        return torch.sigmoid(hardness * (torch.where(mono, gray, image) - threshold))


class SensorNoise(ImageDegradation):
    """Transform ``sensor_noise``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = SensorNoise(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "sensor_noise", SensorNoiseOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Noise is added to light, not to what a file holds."""
        options, count = self.options, len(image)
        shot = per_image(uniform(options.shot, count, generator), image)
        read = per_image(uniform(options.read, count, generator), image)
        is_gray = happens(options.gray_probability, count, generator).to(image.device)
        noise = torch.randn(image.shape, generator=generator, device=generator.device).to(image)
        noise = torch.where(is_gray[:, None, None, None], noise[:, :1], noise)
        light = to_light(image)
        return from_light(light + noise * (shot * light + read.square()).sqrt())


def to_light(image: Tensor) -> Tensor:
    """SRGB (IEC 61966-2-1) in [0, 1], of any shape, to linear light."""
    return torch.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)


def from_light(light: Tensor) -> Tensor:
    """Linear light of any shape, clamped to [0, 1], to sRGB."""
    light = light.clamp(0, 1)
    power = 1.055 * light.clamp(min=1e-6) ** (1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, 12.92 * light, power)
