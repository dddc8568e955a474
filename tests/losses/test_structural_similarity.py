"""SSIM and MS-SSIM as losses against loops over windows, piq and the metric."""

import math

import numpy as np
import pytest
import torch

import srcore
from srcore.contracts import LossContext
from srcore.losses.structural_similarity import MSSSIMLoss, SSIMLoss, halved

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def pair(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    hr = torch.rand(shape, generator=generator, dtype=torch.float64)
    noise = torch.rand(shape, generator=generator, dtype=torch.float64)
    return (hr + 0.4 * (noise - 0.5)).clamp(0, 1), hr


def value(loss, sr, hr):
    return float(loss(LossContext({"hr": hr}, sr, iteration=1)))


def _reference_terms(a, b, size=11, sigma=1.5):
    """Means of luminance times structure, and of structure, over all windows of two planes."""
    line = np.array([math.exp(-((i - size // 2) ** 2) / (2 * sigma**2)) for i in range(size)])
    window = np.outer(line, line) / line.sum() ** 2
    whole, structure = [], []
    for y in range(a.shape[0] - size + 1):
        for x in range(a.shape[1] - size + 1):
            p, q = (plane[y : y + size, x : x + size] for plane in (a, b))
            m, n = (window * p).sum(), (window * q).sum()
            variances = (window * (p - m) ** 2).sum() + (window * (q - n) ** 2).sum()
            covariance = (window * (p - m) * (q - n)).sum()
            structure.append((2 * covariance + 0.03**2) / (variances + 0.03**2))
            whole.append((2 * m * n + 0.01**2) / (m * m + n * n + 0.01**2) * structure[-1])
    return np.mean(whole), np.mean(structure)


def _reference_halved(plane):
    """As MATLAB: imfilter(plane, ones(2) / 4, "symmetric"), then every second pixel."""
    rows, columns = plane.shape
    return np.array(
        [
            [
                np.mean(
                    [
                        plane[min(y + j, rows - 1), min(x + i, columns - 1)]
                        for j in (0, 1)
                        for i in (0, 1)
                    ]
                )
                for x in range(0, columns, 2)
            ]
            for y in range(0, rows, 2)
        ]
    )


@pytest.mark.parametrize(("size", "sigma"), [(11, 1.5), (5, 0.8)])
def test_ssim_equals_a_loop_over_windows(size, sigma):
    sr, hr = pair(2, 2, 13, 12)
    planes = zip(sr.flatten(0, 1).numpy(), hr.flatten(0, 1).numpy(), strict=True)
    expected = 1 - np.mean([_reference_terms(a, b, size, sigma)[0] for a, b in planes])
    assert value(SSIMLoss(window_size=size, sigma=sigma), sr, hr) == pytest.approx(expected)


def test_ssim_on_gray_levels_is_one_less_the_metric():
    sr, hr = ((image * 255).round() for image in pair(1, 3, 20, 24))
    arrays = [image[0].permute(1, 2, 0).numpy().astype(np.uint8) for image in (sr, hr)]
    expected = 1 - srcore.metrics.ssim(*arrays)
    assert value(SSIMLoss(), sr / 255, hr / 255) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shape", [(4, 6), (5, 6), (7, 9)])
def test_halving_equals_the_filter_of_the_published_program(shape):
    image, _ = pair(1, 1, *shape)
    expected = torch.from_numpy(_reference_halved(image[0, 0].numpy()))
    torch.testing.assert_close(halved(image)[0, 0], expected)


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_ms_ssim_equals_loops(scales):
    sr, hr = pair(2, 2, 17, 20)
    exponents = np.array(EXPONENTS[:scales]) * sum(EXPONENTS) / sum(EXPONENTS[:scales])
    products = []
    for a, b in zip(sr.flatten(0, 1).numpy(), hr.flatten(0, 1).numpy(), strict=True):
        product = 1.0
        for number, exponent in enumerate(exponents, 1):
            product *= _reference_terms(a, b, size=5)[number < scales] ** exponent
            a, b = _reference_halved(a), _reference_halved(b)
        products.append(product)
    loss = MSSSIMLoss(scales=scales, window_size=5)
    assert value(loss, sr, hr) == pytest.approx(1 - np.mean(products))


def test_ms_ssim_of_five_scales_equals_piq():
    piq = pytest.importorskip("piq")
    sr, hr = pair(2, 3, 176, 192)
    expected = 1 - piq.multi_scale_ssim(sr, hr, data_range=1.0)
    assert value(MSSSIMLoss(), sr, hr) == pytest.approx(float(expected), abs=1e-6)


def test_images_of_opposite_structure_have_a_finite_loss_and_gradient():
    _, hr = pair(1, 1, 24, 24)
    sr = (1 - hr).requires_grad_()
    loss = MSSSIMLoss(scales=2)(LossContext({"hr": hr}, sr, iteration=1))
    loss.backward()
    assert 0.99 < float(loss.detach()) <= 1
    assert torch.isfinite(sr.grad).all()
