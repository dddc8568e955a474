"""Networks that draw, networks with a condition: tiles make the picture of the whole image."""

import sys

import attrs
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import srcore
from srcore import option
from srcore.cli.main import main
from srcore.engine.ema import ExponentialAverage
from srcore.errors import PluginError, SrcoreError
from srcore.images import read_image, write_image
from srcore.inference.beside import draw
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing import tiny_image
from srcore.testing.weights import write_weights


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


@attrs.frozen(kw_only=True)
class SamplingOptions:
    """Noise is drawn and added."""

    strength: float = option(1.0, "factor of the noise", ge=0, inference=True)


class Stepped(Sampling):
    """The strength of its noise is chosen when it is used."""

    def __init__(self, scale, strength):
        super().__init__(scale)
        self.strength = strength

    def forward(self, lr, *, noise, grain, condition):
        return super().forward(lr, noise=noise, grain=self.strength * grain, condition=condition)


PLUGIN = f"""
import srcore
from {__name__} import SamplingOptions, Stepped

@srcore.hookimpl
def srcore_register_components(registry):
    registry.add("network", "sampling", SamplingOptions, Stepped)
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The command finds the plugin as it finds any."""
    info = tmp_path / "site" / "srplug_sampling-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: srplug-sampling\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[srcore]\nsampling = srplug_sampling\n")
    (info.parent / "srplug_sampling.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(info.parent))
    with using(plugins()):
        yield
    del sys.modules["srplug_sampling"]


@pytest.mark.usefixtures("installed")
def test_the_command_enlarges_tiles_and_wholes_alike_and_sets_what_is_chosen_in_use(tmp_path):
    write_image(tmp_path / "photo.png", np.asarray(tiny_image(3, 61, 47)), durable=False)
    weights, pictures = tmp_path / "sampling.safetensors", {}
    with using(PluginManager()):
        torch.manual_seed(0)
        write_weights(weights, "sampling", strength=1.0)
    for name, *more in (
        ("whole", "--tile", "none"),
        ("tiled", "--tile", "16"),
        ("strong", "--tile", "16", "--network", "strength=4"),
    ):
        output = tmp_path / f"{name}.png"
        command = ["upscale", str(tmp_path / "photo.png"), "-o", str(output), *more]
        with pytest.raises(SystemExit) as ended:
            main([*command, "--weights", str(weights), "--device", "cpu", "--quiet"])
        assert ended.value.code == 0
        pictures[name] = read_image(output).astype(int)
    assert np.abs(pictures["whole"] - pictures["tiled"]).max() <= 1
    assert np.abs(pictures["strong"] - pictures["tiled"]).max() > 10


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
