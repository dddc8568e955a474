import pytest
import torch

from srcore.networks.edsr import EDSR
from srcore.plugin.manager import plugins
from srcore.weights.dialects import UnknownArchitectureError, convert_to_native, dialects

BASICSR, PYTORCH = (
    dialects(plugins().registry, "edsr")[name] for name in ("edsr_basicsr", "edsr_pytorch")
)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("dialect", [BASICSR, PYTORCH])
def test_the_scale_follows_from_the_upsampler(dialect, scale):
    state = EDSR(scale=scale, num_features=3, num_blocks=1).state_dict()
    assert (
        convert_to_native(dialect.from_native(state, {}), registry=plugins().registry).scale
        == scale
    )


@pytest.mark.parametrize("img_range", [1.0, 255.0])
def test_the_stored_mean_shifts_give_range_and_mean(img_range):
    mean = (0.4488, 0.4371, 0.404)
    state = EDSR(num_features=3, num_blocks=1).state_dict()
    official = PYTORCH.from_native(state, {"img_range": img_range, "rgb_mean": mean})
    assert torch.allclose(official["sub_mean.bias"], -img_range * torch.tensor(mean))
    options = convert_to_native(official, registry=plugins().registry).options
    assert options["img_range"] == img_range
    assert options["rgb_mean"] == mean


def test_files_without_mean_shifts_keep_the_usual_range():
    state = PYTORCH.from_native(EDSR(num_features=3, num_blocks=1).state_dict(), {})
    bare = {name: value for name, value in state.items() if "_mean" not in name}
    assert "img_range" not in convert_to_native(bare, registry=plugins().registry).options


def test_edsr_pytorch_computes_the_same_on_its_own_range():
    torch.manual_seed(0)
    network = EDSR(scale=2, num_features=4, num_blocks=1).eval()
    lr = torch.rand(1, 3, 5, 6)
    official = PYTORCH.from_native(network.state_dict(), {})
    assert torch.allclose(_edsr_pytorch(official, 255 * lr) / 255, network(lr), atol=1e-6)


def _edsr_pytorch(state, image):
    """EDSR-PyTorch's forward pass of an x2 network with one block, on 0..255."""

    def conv(name, x, padding=1):
        return torch.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=padding)

    head = conv("head.0", conv("sub_mean", image, 0))
    block = head + conv("body.0.body.2", conv("body.0.body.0", head).relu())
    x = head + conv("body.1", block)
    x = conv("tail.1", torch.pixel_shuffle(conv("tail.0.0", x), 2))
    return conv("add_mean", x, 0)


def test_the_large_model_has_scaled_residuals():
    state = EDSR(num_features=256, num_blocks=1, scale=2).state_dict()
    assert convert_to_native(state, registry=plugins().registry).options["res_scale"] == 0.1


def test_relatives_with_other_bodies_are_not_edsr():
    state = PYTORCH.from_native(EDSR(num_features=3, num_blocks=2).state_dict(), {})
    state["body.1.conv_match.0.weight"] = torch.ones(1)
    with pytest.raises(UnknownArchitectureError):
        convert_to_native(state, registry=plugins().registry)
