"""PSNR-B against loops over neighbors."""

import math

import numpy as np
import pytest

import srcore
from srcore import build
from srcore.metrics.blocking import blocking_effect, psnr_b
from srcore.metrics.color import luma

RANDOM = np.random.default_rng(0)


def pair(*shape):
    return RANDOM.integers(0, 256, (2, *shape)).astype(np.uint8)


def _reference_effect(plane, block, offset=0):
    """Over all pairs of neighbors."""
    height, width = plane.shape
    on_edges, elsewhere = [], []
    for y in range(height):
        for x in range(width):
            for dy, dx in ((0, 1), (1, 0)):
                if y + dy < height and x + dx < width:
                    second = (y + dy if dy else x + dx) + offset
                    kind = on_edges if second % block == 0 else elsewhere
                    kind.append((float(plane[y, x]) - float(plane[y + dy, x + dx])) ** 2)
    d_b, d_c = sum(on_edges) / len(on_edges), sum(elsewhere) / len(elsewhere)
    return math.log2(block) / math.log2(min(height, width)) * (d_b - d_c) if d_b > d_c else 0.0


@pytest.mark.parametrize("block", [4, 8])
@pytest.mark.parametrize("offset", [0, 3])
def test_effect_equals_a_loop_over_neighbors(block, offset):
    plane = RANDOM.normal(0, 1, (19, 22))
    stairs = plane + 40 * ((np.arange(22) + offset) // block)
    for each in (plane, stairs):
        assert blocking_effect(each, block, offset) == pytest.approx(
            _reference_effect(each, block, offset)
        )
    assert blocking_effect(stairs, block, offset) > 100


def test_value_is_that_of_error_and_effect():
    sr, hr = pair(24, 32, 3)
    sr = (sr // 8 + 100 * ((np.arange(32) // 8) % 2)[:, None]).astype(np.uint8)
    error = ((sr.astype(float) - hr) ** 2).mean()
    effect = np.mean([_reference_effect(sr[..., channel], 8) for channel in range(3)])
    assert effect > 100
    assert psnr_b(sr, hr) == pytest.approx(10 * math.log10(255**2 / (error + effect)))


def test_blocks_are_those_of_the_whole_image_also_inside_a_border():
    sr, hr = pair(30, 30, 3)
    sr = (sr // 8 + 100 * ((np.arange(30) // 8) % 2)[:, None]).astype(np.uint8)
    inner = [luma(image)[3:-3, 3:-3] for image in (sr, hr)]
    error = ((inner[0] - inner[1]) ** 2).mean() + _reference_effect(inner[0], 8, offset=3)
    expected = 10 * math.log10(255**2 / error)
    assert psnr_b(sr, hr, crop_border=3, y_channel=True) == pytest.approx(expected)


def test_without_edges_it_is_psnr():
    hr = pair(20, 20)[0]
    sr = np.full_like(hr, 100)
    assert psnr_b(sr, hr) == pytest.approx(srcore.metrics.psnr(sr, hr))
    assert psnr_b(sr, sr) == math.inf


def test_images_without_a_whole_block_have_no_effect():
    assert blocking_effect(RANDOM.normal(0, 1, (8, 8))) == 0
    assert blocking_effect(RANDOM.normal(0, 1, (1, 40))) == 0


def test_component_measures_whole_images_on_y_by_default():
    metric = build("metric", "psnr_b", block=4)
    assert (metric.higher_is_better, metric.default_crop_border) == (True, 0)
    sr, hr = pair(16, 20, 3)
    assert metric(sr, hr, crop_border=0) == psnr_b(sr, hr, y_channel=True, block=4)
