import pytest
import torch
import torch.nn.functional as F

from srcore.errors import SrcoreError
from srcore.networks.msrresnet import MSRResNet


def small(scale=4):
    torch.manual_seed(0)
    return MSRResNet(scale, num_features=4, num_blocks=2)


def test_output_equals_the_written_out_network():
    network = small(3).double()
    w = network.state_dict()
    x = torch.rand(2, 3, 4, 5, dtype=torch.float64)

    def conv(name, t):
        return F.conv2d(t, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    def lrelu(t):
        return torch.where(t > 0, t, 0.1 * t)

    y = lrelu(conv("conv_first", x))
    for block in range(2):
        y = y + conv(f"body.{block}.conv2", conv(f"body.{block}.conv1", y).clamp(min=0))
    n, c, h, width = (y := conv("upconv1", y)).shape
    y = y.reshape(n, c // 9, 3, 3, h, width).permute(0, 1, 4, 2, 5, 3)
    y = conv("conv_hr", lrelu(y.reshape(n, c // 9, 3 * h, 3 * width)))
    base = F.interpolate(x, scale_factor=3, mode="bilinear", align_corners=False)
    torch.testing.assert_close(network(x), conv("conv_last", lrelu(y)) + base)


def test_gradients_agree_with_finite_differences():
    x = torch.rand(1, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(small().double(), (x,), fast_mode=True)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_output_is_scale_times_the_input(scale):
    assert small(scale)(torch.rand(1, 3, 7, 5)).shape == (1, 3, 7 * scale, 5 * scale)


@pytest.mark.parametrize(("scale", "parameters"), [(4, 1_517_571), (2, 1_369_859)])
def test_size_is_the_published_one(scale, parameters):
    assert sum(parameter.numel() for parameter in MSRResNet(scale).parameters()) == parameters


def test_all_convolutions_start_small():
    network = small()
    assert all(not value.any() for name, value in network.named_parameters() if "bias" in name)
    assert float(network.conv_hr.weight.detach().std()) < 0.05


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_output_depends_on_nothing_beyond_the_receptive_radius(scale):
    network = small(scale).double()
    center = network.receptive_radius + 2
    lr = torch.rand(1, 3, 3, 2 * center + 1, dtype=torch.float64, requires_grad=True)
    columns = network(lr)[..., scale * center : scale * (center + 1)]
    (gradient,) = torch.autograd.grad(columns.sum(), lr)
    touched = gradient.abs().sum((0, 1, 2)).nonzero().flatten() - center
    assert int(touched.abs().max()) <= network.receptive_radius


def test_impossible_scales_are_refused():
    with pytest.raises(SrcoreError, match="msrresnet works at scale 2, 3 or 4; found scale = 8"):
        small(8)
