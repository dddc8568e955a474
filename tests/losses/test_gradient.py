"""Losses of first differences against loops over pixels."""

import math

import pytest
import torch

from srcore.contracts import LossContext
from srcore.losses.gradient import GradientLoss, TotalVariationLoss, image_gradient, total_variation

SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
CENTRAL = [[0, 0, 0], [-1, 0, 1], [0, 0, 0]]


def pair(*shape):
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(shape, generator=generator, dtype=torch.float64) for _ in range(2)]


def _reference_slopes(plane, operator):
    """(horizontal, vertical) at every pixel whose eight neighbors exist."""
    kernel, divisor = (SOBEL, 8) if operator == "sobel" else (CENTRAL, 2)
    pixels = plane.tolist()
    return [
        tuple(
            sum(
                (kernel[j][i] if axis == 0 else kernel[i][j]) * pixels[y + j][x + i]
                for j in range(3)
                for i in range(3)
            )
            / divisor
            for axis in (0, 1)
        )
        for y in range(len(pixels) - 2)
        for x in range(len(pixels[0]) - 2)
    ]


@pytest.mark.parametrize("operator", ["sobel", "central"])
def test_a_ramp_has_its_slope(operator):
    ramp = (3.0 * torch.arange(6) + 5.0 * torch.arange(4)[:, None]).expand(1, 1, 4, 6)
    slopes = image_gradient(ramp, operator)
    assert slopes.shape == (1, 1, 2, 2, 4)
    assert (slopes[:, :, 0] == 3).all()
    assert (slopes[:, :, 1] == 5).all()


@pytest.mark.parametrize("operator", ["sobel", "central"])
@pytest.mark.parametrize("magnitude", [False, True])
def test_gradient_loss_equals_a_loop(operator, magnitude):
    sr, hr = pair(2, 3, 5, 4)
    differences = []
    for a, b in zip(sr.flatten(0, 1), hr.flatten(0, 1), strict=True):
        slopes = (_reference_slopes(plane, operator) for plane in (a, b))
        for first, second in zip(*slopes, strict=True):
            if magnitude:
                differences.append(abs(math.hypot(*first) - math.hypot(*second)))
            else:
                differences += [abs(p - q) for p, q in zip(first, second, strict=True)]
    expected = sum(differences) / len(differences)
    loss = GradientLoss(operator=operator, magnitude=magnitude)
    value = loss(LossContext({"hr": hr}, sr, iteration=1))
    assert float(value) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("variation", ["anisotropic", "isotropic", "squared"])
def test_total_variation_equals_a_loop(variation):
    sr, _ = pair(1, 1, 4, 5)
    pixels = sr[0, 0].tolist()
    down = {(y, x): pixels[y + 1][x] - pixels[y][x] for y in range(3) for x in range(5)}
    right = {(y, x): pixels[y][x + 1] - pixels[y][x] for y in range(4) for x in range(4)}
    if variation == "isotropic":
        lengths = [math.hypot(down[y, x], right[y, x]) for y in range(3) for x in range(4)]
        expected = sum(lengths) / len(lengths)
    else:
        power = 1 if variation == "anisotropic" else 2
        expected = sum(
            sum(abs(d) ** power for d in differences.values()) / len(differences)
            for differences in (down, right)
        )
    assert float(total_variation(sr, variation)) == pytest.approx(expected, rel=1e-6)
    loss = TotalVariationLoss(variation)
    assert torch.equal(loss(LossContext({}, sr, iteration=1)), total_variation(sr, variation))
