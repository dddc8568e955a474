"""Images by rows: the picture that the whole image makes, also where tiles would show."""

import functools

import numpy as np
import pytest
import torch
from torch import nn

import srcore
from srcore.inference import memory, upscaler
from srcore.inference.by_rows import ByRows
from srcore.inference.options import UpscaleOptions
from srcore.inference.streaming.verification import recording_of
from srcore.inference.upscaler import upscale_bands
from srcore.testing import tiny_image
from srcore.weights.channel_order import BgrNetwork

#: Weights that let a cut be felt far away, as networks do that were trained with a discriminator.
FAR_SEEING = {
    "rrdbnet": ({"num_features": 16, "num_blocks": 2, "growth_channels": 8}, 3.0),
    "edsr": ({"num_features": 16, "num_blocks": 12, "img_range": 1.0}, 1.5),
    "compact": ({"num_features": 16, "num_convs": 24}, 1.0),
}

#: As a network sees a whole image.
upscale = functools.partial(srcore.upscale, border=0)


def far_seeing(name):
    """A network with random weights whose pictures have the contrast of photographs."""
    options, gain = FAR_SEEING[name]
    torch.manual_seed(0)
    network = srcore.build("network", name, scale=4, **options).eval()
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    lr = torch.from_numpy(tiny_image()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, a=0.2).mul_(gain)
        contrast = 0.25 / network(lr).std()
        layers[-1].weight.mul_(contrast)
        layers[-1].bias.mul_(contrast)
        layers[-1].bias += 0.5 - network(lr).mean()
    return network


@pytest.fixture
def tiles_are_refused(monkeypatch):
    tiled = upscaler.tiled

    def one_tile(windowed, image, tile, extra):
        assert max(image.height, image.width) <= tile
        return tiled(windowed, image, tile, extra)

    monkeypatch.setattr(upscaler, "tiled", one_tile)


def apart(first, second):
    return int(np.abs(first.astype(int) - second).max())


@pytest.mark.parametrize("name", FAR_SEEING)
def test_networks_that_see_far_make_the_picture_of_the_whole(name):
    network, image = far_seeing(name), tiny_image(1, 100, 72)
    whole = upscale(network, image, tile=None)
    assert apart(upscale(network, image, tile=32, overlap=8), whole) > 16
    assert apart(upscale(network, image, tile=32), whole) <= 1


def _small(scale=2, **options):
    torch.manual_seed(0)
    options = {"num_features": 8, "num_blocks": 1} | options
    return srcore.build("network", "rrdbnet", scale=scale, growth_channels=4, **options).eval()


@pytest.mark.usefixtures("tiles_are_refused")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_every_kind_of_image_of_any_sides(channels, dtype, scale):
    largest = np.iinfo(dtype).max
    shape, network = (45, 35, channels), _small(scale)
    image = np.random.default_rng(0).integers(1, largest, shape, dtype, endpoint=True)
    whole = upscale(network, image, tile=1000)
    assert apart(upscale(network, image, tile=16), whole) <= 1
    assert (
        apart(
            upscale(network, image, tile=16, border=7),
            upscale(network, image, tile=1000, border=7),
        )
        <= 1
    )


@pytest.mark.usefixtures("tiles_are_refused")
@pytest.mark.parametrize("sides", [(1, 40), (40, 1), (3, 17), (17, 2), (18, 19)])
def test_narrow_images_are_continued_like_the_whole(sides):
    network, image = _small(scale=1), tiny_image(0, *sides)
    assert apart(upscale(network, image, tile=16), upscale(network, image, tile=None)) <= 1


@pytest.mark.usefixtures("tiles_are_refused")
@pytest.mark.parametrize("channels", [1, 4])
def test_networks_of_other_channels(channels):
    network = _small(channels=channels)
    image = np.random.default_rng(0).integers(1, 255, (40, 30, 4), np.uint8, endpoint=True)
    assert apart(upscale(network, image, tile=16), upscale(network, image, tile=1000)) <= 1


@pytest.mark.usefixtures("tiles_are_refused")
def test_alpha_that_varies_somewhere_is_enlarged_everywhere():
    image = tiny_image(0, 60, 40)
    alpha = np.full((60, 40, 1), 200, np.uint8)
    alpha[50, 20] = 90
    image = np.concatenate([image, alpha], -1)
    assert apart(upscale(_small(), image, tile=16), upscale(_small(), image, tile=1000)) <= 1
    image[..., 3] = 201
    assert set(upscale(_small(), image, tile=16)[..., 3].flat) == {201}


@pytest.mark.usefixtures("tiles_are_refused")
def test_the_result_arrives_in_bands_and_every_pixel_is_told_once():
    network, image, told = _small(), tiny_image(0, 120, 40), []
    options = UpscaleOptions(tile=16)
    bands = list(upscale_bands(network, image, options, progress=told.append))
    assert max(map(len, bands)) <= 2 * 16
    np.testing.assert_array_equal(np.concatenate(bands), upscale(network, image, tile=16))
    assert sum(told) == 120 * 40
    assert max(told) < 120 * 40 / 4


@pytest.mark.parametrize(
    "options",
    [{"overlap": 4, "tile": 16}, {"tile": None}, {"tile": 64}, {"self_ensemble": True, "tile": 16}],
)
def test_tiles_are_for_what_is_asked_for_or_cannot_be_by_rows(options, monkeypatch):
    calls = []
    monkeypatch.setattr(ByRows, "upscaled", lambda *arguments: calls.append(arguments))
    image = tiny_image(0, 60, 40)
    assert upscale(_small(), image, **options).shape == (120, 80, 3)
    assert not calls


def test_where_memory_does_not_hold_rows_tiles_are_made(monkeypatch):
    network, image = _small(), tiny_image(0, 60, 40)
    expected = upscale(network, image, tile=1000)
    monkeypatch.setattr("srcore.inference.streaming.bands.memory_for_tiles", lambda device: 1)
    monkeypatch.setattr(ByRows, "upscaled", None)
    assert apart(upscale(network, image, tile=16), expected) <= 1


def test_networks_that_take_blue_first_are_computed_by_rows_too():
    network = BgrNetwork(_small())
    assert recording_of(network.eval()) is not None


@pytest.mark.usefixtures("tiles_are_refused")
@pytest.mark.parametrize("name", FAR_SEEING)
def test_the_whole_that_memory_does_not_hold_is_made_by_rows(monkeypatch, name):
    network, image = far_seeing(name), tiny_image(1, 210, 72)
    whole = upscale(network, image, tile=None)
    monkeypatch.setattr(memory, "free_memory_of_processor", lambda: 2**22)
    calls, forward = [], type(network).forward

    def counted(self, lr):
        calls.append(lr.shape[-2])
        return forward(self, lr)

    monkeypatch.setattr(type(network), "forward", counted)
    assert apart(upscale(network, image, tile=None), whole) <= 1
    assert max(calls, default=0) < 210


@pytest.mark.parametrize("name", FAR_SEEING)
def test_the_whole_that_runs_out_of_memory_is_made_by_rows(monkeypatch, name):
    network, image = far_seeing(name), tiny_image(1, 100, 72)
    whole = upscale(network, image, tile=None)
    forward = type(network).forward

    def hungry(self, lr):
        if lr.shape[-2] * lr.shape[-1] > 60 * 72:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 99 GiB")
        return forward(self, lr)

    monkeypatch.setattr(type(network), "forward", hungry)
    assert apart(upscale(network, image, tile=None), whole) <= 1
    assert apart(upscale(network, image, tile=1000), whole) <= 1
