"""Palettes, dithering, screens of dots and noise of sensors against loops and statistics."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from srplug_degradations.print_and_screens import (
    Palette,
    Screentone,
    SensorNoise,
    bayer,
    from_light,
    to_light,
)


def array_of(image):
    return (image[0].permute(1, 2, 0) * 255).round().byte().numpy()


def colors_of(array):
    return {tuple(pixel) for pixel in array.reshape(-1, 3).tolist()}


def test_nearest_colors_of_a_palette(picture, degraded):
    image = picture()
    result = array_of(degraded(Palette, image, colors=(6, 6), kinds=("none",)))
    reference = Image.fromarray(array_of(image)).quantize(6, method=Image.Quantize.MEDIANCUT)
    palette = np.array(reference.getpalette()[: 3 * 6]).reshape(-1, 3)
    assert colors_of(result) <= {tuple(color) for color in palette.tolist()}
    assert len(colors_of(result)) > 3
    before = array_of(image).astype(int)
    for y in range(0, 40, 3):
        for x in range(0, 56, 3):
            distances = ((palette - before[y, x]) ** 2).sum(1)
            seen = ((result[y, x].astype(int) - before[y, x]) ** 2).sum()
            # Pillow looks colors up in boxes of 8 levels: their diagonal is 14.
            assert math.sqrt(seen) <= math.sqrt(distances.min()) + 14


def test_diffusion_keeps_the_mean(picture, degraded):
    image = picture(height=64, width=64)
    plain, diffused = (
        degraded(Palette, image, colors=(4, 4), kinds=(kind,)) for kind in ("none", "diffusion")
    )
    assert len(colors_of(array_of(diffused))) <= 4
    assert not torch.equal(plain, diffused)

    def distance(result):  # of what an eye sees from afar
        return (torch.nn.functional.avg_pool2d(result - image, 8)).abs().mean()

    assert distance(diffused) < 0.8 * distance(plain)


def test_the_square_of_ordered_dithering():
    assert (bayer(1) * 4 - 0.5).tolist() == [[0, 2], [3, 1]]
    assert sorted((bayer(3) * 64 - 0.5).flatten().tolist()) == list(range(64))


@pytest.mark.parametrize(("colors", "levels"), [(8, 2), (27, 3), (60, 3), (64, 4)])
def test_ordered_dithering(colors, levels, picture, degraded):
    image = picture(height=18, width=21)
    result = array_of(degraded(Palette, image, colors=(colors, colors), kinds=("bayer",)))
    before, square = array_of(image), bayer(3).numpy()
    for y in range(18):
        for x in range(21):
            for channel in range(3):
                step = np.float32(before[y, x, channel]) / np.float32(255) * (levels - 1)
                level = min(math.floor(step + square[y % 8, x % 8]), levels - 1)
                assert result[y, x, channel] == round(level * 255 / (levels - 1))


@pytest.mark.parametrize("mono", [0.0, 1.0])
def test_dots(mono, picture, degraded):
    image = picture(height=20, width=24)
    keys = {"period": (5, 5), "angle": (20, 20), "hardness": (8, 8), "mono_probability": mono}
    result = degraded(Screentone, image, **keys)
    for channel, beside in enumerate((15, 75, 0)):
        turned = math.radians(20 + (0 if mono else beside))
        for y, x in ((0, 0), (3, 17), (19, 23), (11, 6)):
            red, green, blue = image[0, :, y, x].tolist()
            luma = 0.299 * red + 0.587 * green + 0.114 * blue
            value = luma if mono else (red, green, blue)[channel]
            u = (math.cos(turned) * x + math.sin(turned) * y) * 2 * math.pi / 5
            v = (math.cos(turned) * y - math.sin(turned) * x) * 2 * math.pi / 5
            threshold = (2 + math.cos(u) + math.cos(v)) / 4
            expected = 1 / (1 + math.exp(-8 * (value - threshold)))
            assert abs(result[0, channel, y, x].item() - expected) < 0.6 / 255


def test_darker_is_more_ink(degraded):
    grays = [torch.full((1, 1, 60, 60), value) for value in (0.2, 0.5, 0.8)]
    means = [degraded(Screentone, gray).mean().item() for gray in grays]
    assert means == sorted(means)


def test_light_of_srgb():
    values = torch.linspace(0, 1, 256, dtype=torch.float64)
    for value, light in zip(values.tolist(), to_light(values).tolist(), strict=True):
        expected = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        assert light == pytest.approx(expected)
    torch.testing.assert_close(from_light(to_light(values)), values, rtol=0, atol=1e-6)


@pytest.mark.parametrize("value", [0.2, 0.7])
def test_noise_has_the_variance_of_its_model(value, degraded):
    shot, read = 0.002, 0.01
    image = torch.full((1, 3, 200, 200), value)
    result = degraded(SensorNoise, image, shot=(shot, shot), read=(read, read))
    light = to_light(image[0, 0, 0, 0].double()).item()
    seen = to_light(result.double())
    assert abs(seen.mean().item() - light) < 0.02 * light + 1e-3
    expected = shot * light + read**2
    assert abs(seen.var().item() - expected) < 0.08 * expected
    assert abs(np.corrcoef(seen[0, 0].flatten(), seen[0, 1].flatten())[0, 1]) < 0.05


def test_gray_noise_is_the_same_in_all_channels(degraded):
    result = degraded(SensorNoise, torch.full((1, 3, 20, 20), 0.5), gray_probability=1.0)
    assert torch.equal(result[:, 0], result[:, 2])
