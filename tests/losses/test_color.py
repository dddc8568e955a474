"""Brightness and colors apart, against formulas per pixel and the package hsluv."""

import itertools
import math

import pytest
import torch

from srcore import build
from srcore.contracts import LossContext
from srcore.losses.color import ColorLoss, hsluv, ycbcr


def image(*colors):
    """One pixel per color: ``(1, 3, 1, W)``."""
    return torch.tensor(colors, dtype=torch.float64).T[None, :, None]


def rand(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def value(loss, sr, hr):
    return float(loss(LossContext({"hr": hr}, sr, iteration=1)))


def test_ycbcr_equals_bt601():
    colors = [(0.2, 0.5, 0.9), (1, 0, 0), (0.3, 0.3, 0.3)]
    for (r, g, b), converted in zip(colors, ycbcr(image(*colors))[0, :, 0].T.tolist(), strict=True):
        y = 0.299 * r + 0.587 * g + 0.114 * b
        expected = (y, (b - y) / 1.772, (r - y) / 1.402)
        assert converted == pytest.approx(expected, abs=2e-6)


def test_hsluv_equals_the_package_of_its_author():
    package = pytest.importorskip("hsluv")
    levels = (0.0, 0.1, 0.35, 0.7, 1.0)
    colors = list(itertools.product(levels, repeat=3))
    for color, (lightness, u, v) in zip(colors, hsluv(image(*colors))[0, :, 0].T, strict=True):
        hue, saturation, expected = package.rgb_to_hsluv(color)
        assert float(lightness) * 100 == pytest.approx(expected, abs=1e-4)
        if len(set(color)) == 1:  # gray has no hue
            assert math.hypot(u, v) < 1e-6
            continue
        assert math.hypot(u, v) * 100 == pytest.approx(saturation, abs=1e-3)
        turn = (math.degrees(math.atan2(v, u)) - hue + 180) % 360 - 180
        assert turn == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("space", ["ycbcr", "hsluv"])
def test_loss_is_the_weighted_sum_of_both_parts(space):
    sr, hr = rand(2, 3, 4, 5), rand(2, 3, 4, 5, seed=1)
    a, b = (ycbcr(it) if space == "ycbcr" else hsluv(it) for it in (sr, hr))
    luma = float((a - b)[:, 0].abs().mean())
    chroma = float((a - b)[:, 1:].abs().mean())
    loss = ColorLoss(space=space, luma=0.25, chroma=2.0)
    assert value(loss, sr, hr) == pytest.approx(0.25 * luma + 2 * chroma)


@pytest.mark.parametrize("space", ["ycbcr", "hsluv"])
def test_pooled_images_are_compared_by_tint_not_by_texture(space):
    hr = torch.full((1, 3, 4, 4), 0.5, dtype=torch.float64)
    texture = hr + 0.2 * torch.tensor([[1.0, -1], [-1, 1]]).repeat(2, 2)
    tint = hr + torch.tensor([0.1, 0, 0]).view(1, 3, 1, 1)
    loss = ColorLoss(space=space, pool=2)
    assert value(loss, texture, hr) == pytest.approx(0, abs=1e-9)
    assert value(loss, tint, hr) > 1e-3


@pytest.mark.parametrize("space", ["ycbcr", "hsluv"])
def test_gradient_equals_finite_differences(space):
    hr = rand(1, 3, 2, 3, seed=1)
    sr = (0.1 + 0.8 * rand(1, 3, 2, 3)).requires_grad_()
    loss = ColorLoss(space=space)
    assert torch.autograd.gradcheck(lambda it: loss(LossContext({"hr": hr}, it, 1)), sr, atol=1e-4)


def test_every_color_has_a_finite_gradient():
    levels = (-0.2, 0.0, 1e-4, 0.5, 1.0, 1.3)
    colors = image(*itertools.product(levels, repeat=3)).float()
    sr = colors.clone().requires_grad_()
    hr = torch.full_like(colors, 0.4)
    build("loss", "color", space="hsluv")(LossContext({"hr": hr}, sr, 1)).backward()
    assert torch.isfinite(sr.grad).all()
    assert float(sr.grad.abs().max()) < 1e3


@pytest.mark.parametrize("space", ["ycbcr", "hsluv"])
def test_computes_in_float32_under_autocast(space):
    sr, hr = (rand(1, 3, 4, 4, seed=seed).bfloat16() for seed in (0, 1))
    loss = build("loss", "color", space=space)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = loss(LossContext({"hr": hr}, sr, 1))
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, loss(LossContext({"hr": hr.float()}, sr.float(), 1)))
