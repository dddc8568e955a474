import numpy as np
import pytest
import torch

import srcore
from srcore.api import load_generator
from srcore.networks.rrdbnet import RRDBNet
from srcore.networks.swinir import SwinIR
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.weights.dialects import UnknownArchitectureError, dialects
from srcore.weights.saving import GeneratorMetadata, save_safetensors

spandrel = pytest.importorskip("spandrel")


@pytest.mark.parametrize(
    "options",
    [{"scale": 4}, {"scale": 2}, {"scale": 1}, {"scale": 2, "unshuffle": False}],
    ids=["x4", "x2_unshuffle", "x1_unshuffle", "x2_plain"],
)
def test_exported_rrdbnets_open_in_spandrel_and_give_equal_output(tmp_path, options):
    torch.manual_seed(0)
    # spandrel takes the growth of 32 channels for granted
    network = RRDBNet(num_features=8, num_blocks=2, growth_channels=32, **options).eval()
    path = tmp_path / "generator.safetensors"
    sizes = {"num_features": 8, "num_blocks": 2, "growth_channels": 32}
    chosen = {name: value for name, value in options.items() if name != "scale"}
    metadata = GeneratorMetadata("rrdbnet", sizes | chosen, options["scale"])
    save_safetensors(path, network.state_dict(), metadata, registry=plugins().registry)
    model = spandrel.ModelLoader().load_from_file(path)
    assert (model.architecture.id, model.scale) == ("ESRGAN", options["scale"])
    lr = torch.rand(1, 3, 8, 12)
    with torch.no_grad():
        expected = network(lr)
        output = model.model(lr)
    assert torch.allclose(output, expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore:torch.meshgrid:UserWarning")  # spandrel 0.4
@pytest.mark.parametrize(
    ("upsampler", "scale"),
    [("pixelshuffle", 2), ("pixelshuffledirect", 3), ("nearest+conv", 4), ("none", 1)],
)
def test_exported_swinirs_open_in_spandrel_and_give_equal_output(tmp_path, upsampler, scale):
    torch.manual_seed(0)
    options = {
        "img_size": 16,
        "window_size": 8,
        "embed_dim": 8,
        "depths": (2,),
        "num_heads": (2,),
        "upsampler": upsampler,
    }
    network = SwinIR(scale=scale, **options).eval()
    path = tmp_path / "generator.safetensors"
    state = network.state_dict()
    if upsampler == "nearest+conv":  # other programs insist on the buffers, ours can do without
        state = {name: value for name, value in state.items() if "attn_mask" not in name}
    save_safetensors(
        path, state, GeneratorMetadata("swinir", options, scale), registry=plugins().registry
    )
    model = spandrel.ModelLoader().load_from_file(path)
    assert (model.architecture.id, model.scale) == ("SwinIR", scale)
    lr = torch.rand(1, 3, 19, 24)
    with torch.no_grad():
        assert torch.allclose(model.model.eval()(lr), network(lr), atol=1e-6)


@pytest.mark.parametrize("dialect", ["basicsr", "old_esrgan", "esrgan_new"])
def test_dialects_are_those_that_spandrel_reads(dialect):
    torch.manual_seed(0)
    network = RRDBNet(num_features=8, num_blocks=2, growth_channels=32).eval()
    state = dialects(plugins().registry)[f"rrdbnet_{dialect}"].from_native(network.state_dict(), {})
    model = spandrel.ModelLoader().load_from_state_dict(state)
    lr = torch.rand(1, 3, 6, 5)
    with torch.no_grad():
        assert torch.allclose(model.model(lr), network(lr), atol=1e-6)


@pytest.fixture
def foreign(tmp_path):
    """A file of an architecture that srcore does not have."""
    from spandrel.architectures.RCAN import RCAN

    torch.manual_seed(0)
    model = RCAN(scale=2, n_resgroups=1, n_resblocks=1, n_feats=16).eval()
    path = tmp_path / "foreign.pth"
    torch.save({"params": model.state_dict()}, path)
    return path, model


def test_other_architectures_are_left_to_spandrel(foreign):
    path, model = foreign
    with using(PluginManager(without={"srplug-spandrel"})):
        network = load_generator(path)
    assert (network.scale, network.architecture) == (2, "RCAN")
    lr = torch.rand(2, 3, 5, 7)
    sr = network(lr)
    assert sr.shape == (2, 3, 10, 14)
    with torch.no_grad():
        assert torch.allclose(sr, model(lr.clone()).clamp(0, 1), atol=1e-6)
    assert not sr.is_inference()
    assert 0 <= float(lr.min()) <= float(lr.max()) <= 1, "the image that was given is as it was"


def test_esrgan_plus_is_left_to_spandrel(tmp_path):
    from spandrel.architectures.ESRGAN import ESRGAN

    torch.manual_seed(0)
    model = ESRGAN(num_filters=8, num_blocks=2, scale=4, plus=True).eval()
    torch.save(model.state_dict(), tmp_path / "plus.pth")
    assert load_generator(tmp_path / "plus.pth").scale == 4


def test_what_neither_knows_is_refused(tmp_path):
    torch.save({"a.weight": torch.ones(1)}, tmp_path / "x.pth")
    with pytest.raises(UnknownArchitectureError, match=r"unknown architecture.*nor does spandrel"):
        load_generator(tmp_path / "x.pth")


def test_models_of_gray_images_say_so(tmp_path):
    from spandrel.architectures.ESRGAN import ESRGAN

    torch.manual_seed(0)
    model = ESRGAN(in_nc=1, out_nc=1, num_filters=8, num_blocks=2, plus=True).eval()
    torch.save(model.state_dict(), tmp_path / "gray.pth")
    network = load_generator(tmp_path / "gray.pth")
    assert network.in_channels == 1
    assert srcore.upscale(network, np.zeros((9, 7, 3), np.uint8)).shape == (36, 28, 1)


def test_models_that_make_other_images_than_they_take_are_refused(tmp_path):
    from spandrel.architectures.ESRGAN import ESRGAN

    model = ESRGAN(in_nc=3, out_nc=1, num_filters=8, num_blocks=2, plus=True)
    torch.save(model.state_dict(), tmp_path / "mixed.pth")
    with pytest.raises(UnknownArchitectureError, match="3 input and 1 output channels; expected"):
        load_generator(tmp_path / "mixed.pth")
