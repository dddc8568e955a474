import pytest
import torch
import torch.nn.functional as F

from srcore.networks.compact import Compact

OtherCompact = pytest.importorskip("spandrel.architectures.Compact").Compact


def small(scale=4, activation="prelu"):
    torch.manual_seed(0)
    return Compact(scale, num_features=5, num_convs=2, activation=activation)


def test_output_equals_the_written_out_network():
    network = small(3).double()
    w = network.state_dict()
    x = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    y = x
    for layer in range(0, 7, 2):
        y = F.conv2d(y, w[f"body.{layer}.weight"], w[f"body.{layer}.bias"], padding=1)
        if layer < 6:
            slope = w[f"body.{layer + 1}.weight"].reshape(1, -1, 1, 1)
            y = torch.where(y > 0, y, slope * y)
    n, c, h, width = y.shape
    y = y.reshape(n, c // 9, 3, 3, h, width).permute(0, 1, 4, 2, 5, 3)
    base = x.repeat_interleave(3, 2).repeat_interleave(3, 3)
    torch.testing.assert_close(network(x), y.reshape(n, c // 9, 3 * h, 3 * width) + base)


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("activation", ["prelu", "relu", "leakyrelu"])
def test_another_implementation_takes_the_weights_and_agrees(scale, activation):
    network = small(scale, activation)
    other = OtherCompact(num_feat=5, num_conv=2, upscale=scale, act_type=activation)
    other.load_state_dict(network.state_dict())
    own, copied = (torch.rand(1, 3, 9, 7, generator=torch.Generator().manual_seed(1)) for _ in "12")
    own.requires_grad_()
    copied.requires_grad_()
    torch.testing.assert_close(network(own), other(copied))
    network(own).square().sum().backward()
    other(copied).square().sum().backward()
    torch.testing.assert_close(own.grad, copied.grad)
    for (name, first), second in zip(network.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(first.grad, second.grad, msg=name)


def test_size_is_the_published_one():
    assert sum(parameter.numel() for parameter in Compact(4).parameters()) == 621_424
    large = Compact(4, num_convs=32)
    assert sum(parameter.numel() for parameter in large.parameters()) == 1_213_296


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_output_depends_on_nothing_beyond_the_receptive_radius(scale):
    network = small(scale).double()
    center = network.receptive_radius + 2
    lr = torch.rand(1, 3, 3, 2 * center + 1, dtype=torch.float64, requires_grad=True)
    columns = network(lr)[..., scale * center : scale * (center + 1)]
    (gradient,) = torch.autograd.grad(columns.sum(), lr)
    touched = gradient.abs().sum((0, 1, 2)).nonzero().flatten() - center
    assert int(touched.abs().max()) == network.receptive_radius
