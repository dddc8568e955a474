"""MS-SSIM as a metric against piq, the loss and loops."""

import numpy as np
import pytest
import torch

from srcore import SrcoreError, build
from srcore.contracts import LossContext
from srcore.losses.structural_similarity import MSSSIMLoss
from srcore.metrics.color import luma
from srcore.metrics.multi_scale_similarity import ms_ssim

RANDOM = np.random.default_rng(0)


def pair(*shape):
    a = RANDOM.integers(0, 256, shape)
    b = np.clip(a + RANDOM.normal(0, 40, shape), 0, 255)
    return a.astype(np.uint8), b.astype(np.uint8)


def tensors(*images):
    return [torch.from_numpy(it.copy()).permute(2, 0, 1)[None].double() / 255 for it in images]


def test_values_equal_piq():
    piq = pytest.importorskip("piq")
    a, b = pair(176, 192, 3)  # piq halves odd sides otherwise
    expected = float(piq.multi_scale_ssim(*tensors(a, b), data_range=1.0))
    assert ms_ssim(a, b) == pytest.approx(expected, abs=1e-6)


def test_values_of_odd_sides_equal_the_loss():
    """Which is compared with loops over windows, and with the authors' filter."""
    a, b = pair(163, 170, 3)
    sr, hr = tensors(a, b)
    loss = float(MSSSIMLoss()(LossContext({"hr": hr}, sr, iteration=1)))
    assert ms_ssim(a, b) == pytest.approx(1 - loss, abs=1e-9)


def test_component_measures_y_and_removes_the_given_border():
    a, b = pair(170, 171, 3)
    metric = build("metric", "ms_ssim")
    assert metric.higher_is_better
    inner = (luma(image)[4:-4, 4:-4] for image in (a, b))
    assert metric(a, b, crop_border=4) == pytest.approx(ms_ssim(*inner))
    assert build("metric", "ms_ssim", y_channel=False)(a, b, crop_border=0) == ms_ssim(a, b)


def test_equal_and_opposite_images():
    a, _ = pair(161, 161)
    assert ms_ssim(a, a) == pytest.approx(1)
    assert ms_ssim(a, 255 - a) == 0


def test_images_that_are_too_small_are_refused():
    a, b = pair(170, 160, 3)
    with pytest.raises(
        SrcoreError, match="ms_ssim needs 161 pixels per side; 160x170 are left after the crop of 0"
    ):
        ms_ssim(a, b)
