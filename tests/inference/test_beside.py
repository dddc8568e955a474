"""Networks that draw, networks with a condition: tiles make the picture of the whole image."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import srcore
from srcore.engine.ema import ExponentialAverage
from srcore.errors import PluginError, SrcoreError
from srcore.inference.beside import draw
from srcore.plugin.manager import PluginManager, using
from srcore.testing import tiny_image


class Sampling(nn.Module):
    """Enlarges, adds noise drawn at both sizes, and the condition."""

    def __init__(self, scale=2):
        super().__init__()
        self.scale = scale
        self.layer = nn.Conv2d(6, 3, 3, padding=1)
        self.receptive_radius = 1
        self.seen = []

    def draw(self, size, generator):
        height, width = size
        return {
            "noise": torch.randn(3, height, width, generator=generator),
            "grain": torch.randn(1, self.scale * height, self.scale * width, generator=generator),
        }

    def condition(self, batch):
        return batch["lr"].mean()

    def forward(self, lr, *, noise, grain, condition):
        self.seen.append(tuple(lr.shape[-2:]))
        details = 0.1 * self.layer(torch.cat([lr, noise], 1))
        large = F.interpolate(lr + details, scale_factor=self.scale, mode="nearest")
        return 0.6 * large + 0.05 * grain + 0.1 * condition


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Sampling().eval()


@pytest.mark.parametrize("tile", [16, 24, "auto"])
@pytest.mark.parametrize("options", [{}, {"border": 3}, {"self_ensemble": True}, {"batch": 3}])
def test_tiled_equals_whole(network, tile, options):
    image = np.asarray(tiny_image(3, 61, 47))
    whole = srcore.upscale(network, image, tile=None, **options)
    tiled = srcore.upscale(network, image, tile=tile, **options)
    assert np.abs(whole.astype(int) - tiled.astype(int)).max() <= 1
    assert whole.std() > 20


def test_alpha_is_enlarged_with_the_same_draws(network):
    image = np.dstack([np.asarray(tiny_image(0, 40, 40)), np.full((40, 40), 200, np.uint8)])
    whole, tiled = (srcore.upscale(network, image, tile=tile) for tile in (None, 16))
    assert np.abs(whole.astype(int) - tiled.astype(int)).max() <= 1


def test_equal_seeds_give_equal_pictures_and_others_do_not(network):
    image = np.asarray(tiny_image(0, 20, 20))
    first, again, other = (srcore.upscale(network, image, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_images_of_a_set_draw_differently(network):
    first, second = (draw(network, (8, 8), 0, index)["noise"] for index in (0, 1))
    assert first.shape == (1, 3, 8, 8)
    assert not torch.equal(first, second)


def test_a_field_that_does_not_fit_is_refused(network):
    network.draw = lambda size, generator: {"noise": torch.zeros(3, size[0], size[1] + 1)}
    with pytest.raises(SrcoreError, match=r"draw made noise of shape \(3, 8, 9\) for an image of"):
        draw(network, (8, 8), 0)


class Deaf(Sampling):
    """Its forward takes the condition under another name."""

    def forward(self, lr, *, noise, grain, tone):
        return super().forward(lr, noise=noise, grain=grain, condition=tone)


class Stranger:
    __name__ = "srplug-stranger"

    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("network", "deaf", None, Deaf)


@pytest.mark.parametrize(
    "seen", [lambda network: network, lambda n: ExponentialAverage(n, 0.9).network]
)
def test_a_keyword_that_forward_does_not_take_is_one_line_with_the_owner(seen):
    with using(PluginManager(discover=False, extra=[Stranger()])):
        network = seen(srcore.build("network", "deaf", scale=2))
        with pytest.raises(PluginError) as caught:
            srcore.upscale(network, tiny_image(8, 8))
    assert str(caught.value) == (
        'srplug-stranger: network "deaf": forward(lr, noise, grain, tone) takes no condition; what '
        "condition(batch) returns is given under that name"
    )


def test_networks_that_draw_nothing_see_nothing():
    assert draw(nn.Identity(), (8, 8), 0) == {}
