import pytest
import torch
import torch.nn.functional as F

from srcore.errors import SrcoreError
from srcore.networks.edsr import EDSR


def small(scale=4, **settings):
    torch.manual_seed(0)
    return EDSR(scale, num_features=4, num_blocks=2, **settings)


def test_output_equals_the_written_out_network():
    network = small(4, res_scale=0.1).double()
    w = network.state_dict()
    x = torch.rand(2, 3, 4, 5, dtype=torch.float64)

    def conv(name, t):
        return F.conv2d(t, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    def shuffle(t):
        n, c, h, width = t.shape
        t = t.reshape(n, c // 4, 2, 2, h, width).permute(0, 1, 4, 2, 5, 3)
        return t.reshape(n, c // 4, 2 * h, 2 * width)

    mean = torch.tensor([0.4488, 0.4371, 0.4040]).double().view(1, 3, 1, 1)
    first = y = conv("conv_first", 255 * (x - mean))
    for block in range(2):
        y = y + 0.1 * conv(f"body.{block}.conv2", conv(f"body.{block}.conv1", y).clamp(min=0))
    y = first + conv("conv_after_body", y)
    y = shuffle(conv("upsample.2", shuffle(conv("upsample.0", y))))
    torch.testing.assert_close(network(x), conv("conv_last", y) / 255 + mean)


def test_gradients_agree_with_finite_differences():
    x = torch.rand(1, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(small(2).double(), (x,), fast_mode=True)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_output_is_scale_times_the_input(scale):
    assert small(scale)(torch.rand(1, 3, 7, 5)).shape == (1, 3, 7 * scale, 5 * scale)


def test_baseline_has_the_published_size():
    assert sum(parameter.numel() for parameter in EDSR(4).parameters()) == 1_517_571


def test_mean_is_not_in_the_state_dict():
    assert "mean" not in small().state_dict()


@pytest.mark.parametrize("scale", [2, 3, 8])
def test_output_depends_on_nothing_beyond_the_receptive_radius(scale):
    network = small(scale).double()
    center = network.receptive_radius + 2
    lr = torch.rand(1, 3, 3, 2 * center + 1, dtype=torch.float64, requires_grad=True)
    columns = network(lr)[..., scale * center : scale * (center + 1)]
    (gradient,) = torch.autograd.grad(columns.sum(), lr)
    touched = gradient.abs().sum((0, 1, 2)).nonzero().flatten() - center
    assert int(touched.abs().max()) <= network.receptive_radius


def test_impossible_scales_are_refused():
    with pytest.raises(SrcoreError, match=r"edsr works at scale 1, 2, 3, 4 or 8; found scale = 6"):
        small(6)
