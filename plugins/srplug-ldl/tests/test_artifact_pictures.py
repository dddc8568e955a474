"""Pictures of artifact maps."""

import numpy as np
import torch
from srplug_ldl.artifact_pictures import comparison, heat_picture, map_of_images
from srplug_ldl.losses import artifact_map, residual

from srcore.testing.tiny_images import tiny_image


def pictures():
    hr = tiny_image(0, 24, 32)
    generator = np.random.default_rng(0)
    sr, ema = (
        (hr + generator.normal(0, level, hr.shape)).clip(0, 255).astype(np.uint8)
        for level in (12, 8)
    )
    return sr, ema, hr


def test_map_of_files_is_the_map_of_training():
    sr, ema, hr = pictures()
    tensors = [torch.from_numpy(image).permute(2, 0, 1)[None] / 255 for image in (sr, ema, hr)]
    errors, others = (residual(image, tensors[2]) for image in tensors[:2])
    expected = artifact_map(errors, others)[0, 0].numpy()
    artifacts = map_of_images(sr, ema, hr)
    assert np.allclose(artifacts, expected, rtol=1e-5, atol=1e-9)
    assert (artifacts == 0).any()
    assert (map_of_images(sr, None, hr) > 0).all()


def test_colors_rise_with_the_root_of_the_value_up_to_the_maximum():
    values = np.linspace(0, 4, 101, dtype=np.float32)[None]
    own, fixed = heat_picture(values), heat_picture(values, 1.0)
    brightness = own.astype(int).sum(axis=2)[0]
    assert (np.diff(brightness) >= 0).all()
    assert np.array_equal(fixed[0, :26], heat_picture(values[:, :26])[0]), "1 is the brightest"
    assert (fixed[0, 25:] == fixed[0, 25]).all()
    assert own[0, 0].sum() < 20, "zero is black"
    red, _, blue = own[0, 40].astype(int)
    assert red > blue, "the picture is RGB"


def test_map_of_zeros_is_black():
    assert heat_picture(np.zeros((3, 4), np.float32)).max() < 20


def test_comparison_holds_all_four_in_a_row():
    sr, ema, hr = pictures()
    heat = heat_picture(map_of_images(sr, ema, hr))
    row = comparison(sr, ema, hr, map_of_images(sr, ema, hr), heat)
    for start, image in zip(range(0, 200, 40), (sr, ema, hr, heat), strict=False):
        assert np.array_equal(row[-24:, start : start + 32], image)
