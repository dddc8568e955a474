import pytest
import torch
from srplug_usrdu.networks import Downsampler

from srcore.errors import SrcoreError


def tiny(scale=4, **options):
    torch.manual_seed(0)
    return Downsampler(scale, num_features=4, num_blocks=1, feature_channels=6, **options).eval()


def test_published_size_has_the_published_number_of_parameters():
    network = Downsampler(4)
    assert sum(parameter.numel() for parameter in network.parameters()) == 9_409_361


@pytest.mark.parametrize("scale", [2, 4])
def test_odd_sides_are_rounded_up(scale):
    hr = torch.rand(1, 3, 16 * scale + 1, 16 * scale + 3)
    distribution = tiny(scale)(hr, heads="all")
    assert (
        distribution.mean.shape == distribution.log_scale.shape == (1, 3, 17, 16 + -(-3 // scale))
    )
    assert distribution.feature_log_scale.shape == (1, 6, 1, 1)


def test_mean_alone_is_the_mean_of_all_heads():
    network, hr = tiny(), torch.rand(2, 3, 64, 64)
    everything = network(hr, heads="all")
    assert torch.equal(network(hr), everything.mean)
    assert torch.equal(network(hr, heads="scale").log_scale, everything.log_scale)
    assert network(hr, heads="scale").feature_log_scale is None


def test_log_scales_lie_above_minus_one():
    network = tiny()
    with torch.no_grad():
        network.var[4].bias.fill_(-50.0)
    assert network(torch.rand(1, 3, 64, 64), heads="scale").log_scale.min() >= -1


def test_heads_can_be_left_out():
    distribution = tiny(scale_head=False, feature_head=False)(torch.rand(1, 3, 16, 16), heads="all")
    assert distribution.log_scale is None
    assert distribution.feature_log_scale is None


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("heads", ["mean", "scale"])
def test_radius_is_how_far_an_output_pixel_sees(scale, heads):
    network = tiny(scale)
    hr = torch.rand(1, 3, 96, 96, requires_grad=True)
    distribution = network(hr, heads="scale")
    image = distribution.mean if heads == "mean" else distribution.log_scale
    middle = image.shape[-1] // 2
    image[..., middle, middle].sum().backward()
    rows = hr.grad.abs().sum((0, 1, 3)).nonzero()
    seen = max(middle * scale - int(rows.min()), int(rows.max()) - middle * scale)
    assert seen <= network.radius(heads) <= seen + scale


def test_radius_of_the_published_network():
    assert Downsampler(4).radius("mean") == 24
    assert Downsampler(4).radius("scale") == 32


def test_other_scales_are_refused():
    with pytest.raises(SrcoreError, match="expected scale 2 or 4, found 3"):
        Downsampler(3)


def test_images_too_small_for_the_feature_head_are_refused():
    with pytest.raises(SrcoreError, match=r"expects sides of 64 or more at scale 4.*hr_patch_size"):
        tiny()(torch.rand(1, 3, 60, 64), heads="all")
