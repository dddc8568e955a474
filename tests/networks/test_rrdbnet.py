import pytest
import torch
import torch.nn.functional as F

from formulas.rrdbnet import rrdbnet
from srcore.errors import SrcoreError
from srcore.networks.rrdbnet import RRDBNet


def small(scale=4, **settings):
    torch.manual_seed(0)
    return RRDBNet(scale, 4, 1, 2, **settings)


def test_output_equals_the_written_out_network():
    network, x = small().double(), torch.rand(2, 3, 5, 6, dtype=torch.float64)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    torch.testing.assert_close(network(x), torch.from_numpy(rrdbnet(x.numpy(), weights)))


def test_gradients_agree_with_finite_differences():
    network = small().double()
    x = torch.rand(1, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, (x,), fast_mode=True)


@pytest.mark.parametrize(
    ("scale", "unshuffle"),
    [(1, True), (2, True), (4, True), (1, False), (2, False), (3, False), (4, False), (8, False)],
)
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (8, 12)])
def test_output_is_scale_times_the_input(scale, unshuffle, size):
    sr = small(scale, unshuffle=unshuffle)(torch.rand(1, 3, *size))
    assert sr.shape == (1, 3, scale * size[0], scale * size[1])


def test_odd_sizes_equal_the_cut_result_of_the_mirrored_input():
    network, x = small(2), torch.rand(1, 3, 7, 9)
    mirrored = F.pad(x, (0, 1, 0, 1), mode="reflect")
    torch.testing.assert_close(network(x), network(mirrored)[..., :14, :18])


@pytest.mark.parametrize(("scale", "parameters"), [(4, 16_697_987), (2, 16_703_171)])
def test_size_is_the_published_one(scale, parameters):
    with torch.device("meta"):
        network = RRDBNet(scale)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert len(network.state_dict()) == 702


def test_dense_convolutions_start_small_and_others_as_in_pytorch():
    torch.manual_seed(0)
    network = RRDBNet(4, 64, 1, 32)
    conv = network.body[0].rdb2.conv5
    expected = 0.1 * (2 / (192 * 9)) ** 0.5
    assert float(conv.weight.detach().std()) == pytest.approx(expected, rel=0.03)
    assert not conv.bias.any()
    assert network.conv_body.bias.any()


@pytest.mark.parametrize(
    ("scale", "unshuffle"), [(1, True), (2, True), (4, True), (2, False), (3, False), (8, False)]
)
def test_output_depends_on_nothing_beyond_the_receptive_radius(scale, unshuffle):
    network = small(scale, unshuffle=unshuffle).double()
    radius = network.receptive_radius
    side = 2 * radius + 12
    side += -side % network.tile_multiple
    lr = torch.rand(1, 3, 1, 1, dtype=torch.float64).expand(1, 3, 4, side).clone().requires_grad_()
    for column in range(side // 2 * scale, (side // 2 + network.tile_multiple) * scale):
        (gradient,) = torch.autograd.grad(network(lr)[..., column].sum(), lr)
        touched = gradient.abs().sum((0, 1, 2)).nonzero().flatten()
        center = column // scale
        assert center - radius <= int(touched.min())
        assert int(touched.max()) <= center + radius


def test_channels_last_is_kept():
    network = small().to(memory_format=torch.channels_last)
    x = torch.rand(2, 3, 6, 6).contiguous(memory_format=torch.channels_last)
    seen = []
    network.conv_last.register_forward_hook(lambda _, inputs, out: seen.extend((inputs[0], out)))
    network(x)
    assert all(tensor.is_contiguous(memory_format=torch.channels_last) for tensor in seen)


@pytest.mark.parametrize(
    ("scale", "unshuffle", "message"),
    [
        (8, True, "rrdbnet works at scale 1, 2 or 4; found scale = 8; set unshuffle = false"),
        (3, True, "rrdbnet works at scale 1, 2 or 4; found scale = 3; set unshuffle = false"),
        (5, True, "rrdbnet works at scale 1, 2 or 4; found scale = 5$"),
        (5, False, "rrdbnet works at scale 1, 2, 3, 4 or 8; found scale = 5$"),
    ],
)
def test_impossible_scales_are_refused(scale, unshuffle, message):
    with pytest.raises(SrcoreError, match=message):
        small(scale, unshuffle=unshuffle)
