import numpy as np
import pytest
import torch
from torch import nn

import srcore
from srcore import upscale
from srcore.errors import SrcoreError
from srcore.inference.memory import choose_tile, memory_per_pixel
from srcore.inference.options import UpscaleOptions
from srcore.inference.upscaler import output_size, upscale_bands
from srcore.transforms.resize import resize


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1).eval()


class Nearest(nn.Module):
    """Repeats pixels: whatever is upscaled can be predicted."""

    scale = 2

    def forward(self, lr):
        return lr.repeat_interleave(2, -1).repeat_interleave(2, -2)


def _image(height, width, channels, dtype=np.uint8, seed=0):
    largest = np.iinfo(dtype).max
    shape = (height, width, channels)
    return np.random.default_rng(seed).integers(1, largest, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_kind_of_image_keeps_its_kind_and_depth(channels, dtype):
    image = _image(5, 7, channels, dtype)
    expected = image.repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(upscale(Nearest(), image, border=0), expected)


def test_a_gray_image_may_have_two_dimensions():
    assert upscale(Nearest(), _image(5, 7, 1)[..., 0], border=0).shape == (10, 14)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (37, 1), (33, 47), (70, 90)])
@pytest.mark.parametrize("batch", [1, 3])
def test_tiled_equals_whole(network, height, width, batch):
    image = _image(height, width, 3)
    whole = upscale(network, image, tile=None, border=0)
    tiled = upscale(network, image, tile=16, overlap=6, batch=batch, border=0)
    assert np.abs(tiled.astype(int) - whole).max() <= 1


def test_tiled_equals_whole_exactly_with_the_receptive_field_as_context(network):
    image = _image(70, 90, 3, np.uint16)
    overlap = -(-4 * network.receptive_radius // 3)
    whole = upscale(network, image, tile=None, border=0).astype(int)
    tiled = upscale(network, image, tile=16, overlap=overlap, border=0)
    assert np.abs(tiled - whole).max() <= 1  # of 65535: rounding of float32


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("edsr", {"num_features": 16, "num_blocks": 4}),
        ("rrdbnet", {"num_features": 16, "num_blocks": 2, "growth_channels": 8}),
        ("msrresnet", {"num_features": 16, "num_blocks": 4}),
        ("swinir", {"embed_dim": 12, "depths": [2, 2], "num_heads": [2, 2], "num_features": 16}),
    ],
)
@pytest.mark.parametrize("scale", [2, 4])
def test_default_overlap_hides_the_tiles_of_every_network(name, options, scale):
    torch.manual_seed(0)
    network = srcore.build("network", name, scale=scale, **options).eval()
    smooth = torch.from_numpy(_image(12, 14, 3)).permute(2, 0, 1) / 255
    image = (resize(smooth, size=(75, 92)).clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()
    whole = upscale(network, image, tile=None, border=0).astype(int)
    assert np.abs(upscale(network, image, tile=32, border=0) - whole).max() <= 1


def test_bands_are_the_image_and_smaller_than_it(network):
    image = _image(100, 40, 3)
    bands = list(upscale_bands(network, image, UpscaleOptions(tile=16, overlap=4)))
    assert max(map(len, bands)) < 80
    np.testing.assert_array_equal(
        np.concatenate(bands), upscale(network, image, tile=16, overlap=4, border=0)
    )


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.5, 3.0, 4.7])
def test_any_output_scale_is_the_network_and_then_matlab_bicubic(network, scale):
    image = _image(33, 21, 3)
    result = upscale(network, image, tile=16, overlap=16, scale=scale, border=0)
    assert result.shape[:2] == output_size(image, 2, scale)
    with torch.no_grad():
        lr = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
        sr = network(lr)[0].clamp(0, 1)
    expected = resize(sr, size=output_size(image, 2, scale)).clamp(0, 1) * 255
    difference = result.astype(int) - expected.round().permute(1, 2, 0).numpy()
    assert np.abs(difference).max() <= 1


def test_constant_alpha_stays_exactly_constant(network):
    image = _image(20, 20, 4)
    image[..., 3] = 201
    assert set(upscale(network, image, border=0)[..., 3].flat) == {201}


def test_progress_counts_all_input_pixels(network):
    seen = []
    upscale(network, _image(50, 40, 3), tile=16, progress=seen.append, border=0)
    assert sum(seen) == 50 * 40
    assert len(seen) > 1


def test_the_mode_of_the_network_is_kept(network):
    network.train()
    upscale(network, _image(4, 4, 3), border=0)
    assert network.training
    network.eval()


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_works_on_the_cpu(network, precision):
    image = _image(20, 24, 3)
    full = upscale(network, image, border=0).astype(int)
    assert np.abs(upscale(network, image, precision=precision, border=0) - full).max() <= 6


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (np.zeros((4, 4, 3), np.int32), "int32"),
        (np.zeros((4, 4, 5), np.uint8), r"\(4, 4, 5\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)"),
    ],
)
def test_other_arrays_are_refused(network, image, what):
    line = f"image: expected uint8, uint16 or floats, .* found .*{what}"
    with pytest.raises(SrcoreError, match=line):
        upscale(network, image, border=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tile": 3}, "tile: expected at least 16"),
        ({"batch": 0}, "batch: expected a number >= 1, found 0"),
        ({"scale": -1.0}, "scale: expected a factor > 0"),
        ({"scale": float("nan")}, "scale: expected a factor > 0 and finite, found nan"),
        ({"scale": float("inf")}, "scale: expected a factor > 0 and finite, found inf"),
        ({"batch": float("nan")}, "batch: expected a finite number, found nan"),
        ({"border": float("inf")}, "border: expected a finite number, found inf"),
        ({"border": 1.5}, "border: expected a number of pixels >= 0, found 1.5"),
        ({"tile": float("nan")}, "tile: expected a finite number, found nan"),
        ({"overlap": 2.5}, "overlap: expected a number of pixels >= 0, found 2.5"),
        ({"size": (float("nan"), 3)}, "size: expected pixels > 0 and no scale"),
        ({"size": (0, 3)}, "size: expected pixels > 0 and no scale"),
        ({"size": (3, 3), "scale": 2.0}, "size: expected pixels > 0 and no scale"),
        ({"precision": "int7"}, 'precision: expected float32, bfloat16 or float16, found "int7"'),
    ],
)
def test_bad_settings_are_refused(network, settings, message):
    with pytest.raises(SrcoreError, match=message):
        upscale(network, _image(20, 20, 3), **settings)


def test_a_network_without_scale_is_refused():
    with pytest.raises(SrcoreError, match="Identity has no attribute scale"):
        upscale(nn.Identity(), _image(4, 4, 3), border=0)


def test_a_network_that_lies_about_its_scale_is_refused():
    network = nn.Identity()
    network.scale = 2
    with pytest.raises(SrcoreError, match=r"made \(1, 3, 4, 4\) .* expected 3 channels of 8x8"):
        upscale(network, _image(4, 4, 3), border=0)


def test_the_automatic_tile_depends_on_free_memory(network, monkeypatch):
    def chosen(free, size=(1000, 1500), overlap=5):
        monkeypatch.setattr("srcore.inference.memory.free_memory", lambda device: free)
        return choose_tile(network, size, lambda tile: overlap)

    per_pixel = memory_per_pixel(network)
    plenty = int(2 * per_pixel * 2000**2)
    assert chosen(plenty) == 192
    assert 16 < chosen(4_000_000) < 192
    assert chosen(0) == 16
    assert chosen(plenty, overlap=50) == 1500, "whole, since context would cost more"
    assert chosen(int(2 * per_pixel * 800**2), overlap=50) == 512
    assert chosen(None, overlap=50) == 256
    assert chosen(plenty, size=(100, 190), overlap=50) == 192
