"""Generator and discriminator."""

import pytest
import torch
import torch.nn.functional as F
from srplug_esrdgan.networks import ESRDGANDiscriminator, ESRDGANGenerator, FusionDenseBlock

import srcore
from srcore.errors import SrcoreError
from srcore.networks.rrdbnet import RRDBNet
from srcore.plugin.manager import plugins
from srcore.testing import assert_close
from srcore.weights.loading import load_into

SMALL = {"num_features": 4, "num_blocks": 1, "growth_channels": 2}


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_published_sizes_have_the_published_numbers_of_parameters():
    with torch.device("meta"):
        assert parameters(ESRDGANGenerator(4)) == 18_522_499
        assert parameters(ESRDGANGenerator(4, num_features=64, num_blocks=23)) == 16_697_987
        assert parameters(ESRDGANDiscriminator()) == 32_007_657


def test_it_computes_what_esrgan_computes_where_the_architectures_agree():
    torch.manual_seed(0)
    ours = ESRDGANGenerator(4, **SMALL, init_scale=1.0)
    core = RRDBNet(4, **SMALL)
    load_into(
        core, ours.state_dict(), network_type="rrdbnet", registry=plugins().registry
    )  # dialect of the core
    lr = torch.rand(1, 3, 9, 7)
    assert_close(ours(lr), core(lr))


@pytest.mark.parametrize("kernel", [1, 3])
def test_a_dense_block_follows_its_equations(kernel):
    torch.manual_seed(0)
    block = FusionDenseBlock(4, 3, kernel, 0.3, "relu").double()
    x = torch.randn(2, 4, 6, 5, dtype=torch.float64)
    state = block.state_dict()
    seen = [x]
    for number in range(1, 5):
        weight, bias = (state[f"conv{number}.conv.0.{name}"] for name in ("weight", "bias"))
        seen.append(F.conv2d(torch.cat(seen, 1), weight, bias, padding=1).clamp(min=0))
    fused = F.conv2d(
        torch.cat(seen, 1), state["LFF.weight"], state["LFF.bias"], padding=kernel // 2
    )
    assert_close(block(x), x + 0.3 * fused)


def test_gradients_of_a_dense_block_are_those_of_finite_differences():
    torch.manual_seed(0)
    block = FusionDenseBlock(2, 1, 3, 0.2, "leaky_relu").double()
    x = torch.randn(1, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, (x,))


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
@pytest.mark.parametrize("kernel", [3, 5])
def test_an_output_pixel_depends_on_nothing_beyond_the_receptive_radius(scale, kernel):
    network = ESRDGANGenerator(scale, **SMALL, hr_kernel_size=kernel, fusion_kernel_size=1).double()
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 0.1)  # no path cancels another
    reach, side = 0, 2 * network.receptive_radius + 9
    middle = side // 2
    lr = torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    for phase in {0, scale - 1}:  # the outermost pixels that a low-resolution one becomes
        pixel = network(lr)[0, 0, middle * scale + phase, middle * scale + phase]
        (gradient,) = torch.autograd.grad(pixel, lr)
        rows = gradient.abs().sum((0, 1, 3)).nonzero()[:, 0]
        reach = max(reach, middle - int(rows.min()), int(rows.max()) - middle)
    assert reach == network.receptive_radius


def test_bgr_weights_give_the_turned_result():
    torch.manual_seed(0)
    rgb = ESRDGANGenerator(2, **SMALL)
    bgr = ESRDGANGenerator(2, **SMALL, channel_order="bgr")
    bgr.load_state_dict(rgb.state_dict())
    lr = torch.rand(1, 3, 6, 5)
    assert_close(bgr(lr), rgb(lr.flip(1)).flip(1))
    judge = ESRDGANDiscriminator(16, 2, norm="none")
    turned = ESRDGANDiscriminator(16, 2, norm="none", channel_order="bgr")
    turned.load_state_dict(judge.state_dict())
    image = torch.rand(1, 3, 16, 16)
    assert_close(turned(image), judge(image.flip(1)))


@pytest.mark.parametrize("factor", [0.5, 1.0])
def test_initial_weights_have_the_stated_deviation(factor):
    torch.manual_seed(0)
    for network in (
        ESRDGANGenerator(2, 32, 1, 16, init_scale=factor),
        ESRDGANDiscriminator(32, 16, init_scale=factor),
    ):
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                assert not parameter.any(), name
            elif parameter.ndim > 1 and parameter.numel() > 5000:
                expected = factor * (2 / parameter[0].numel()) ** 0.5
                assert float(parameter.detach().std()) == pytest.approx(expected, rel=0.1), name


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_the_discriminator_gives_one_logit_per_image(size, norm):
    network = ESRDGANDiscriminator(size, 2, norm)
    assert network(torch.rand(2, 3, size, size)).shape == (2, 1)


def test_key_names_are_the_published_ones():
    keys = ESRDGANDiscriminator(128, 2).state_dict().keys()
    assert {
        "features.0.strideddownconv.0.weight",
        "features.0.strideddownconv.2.weight",
        "features.0.strideddownconv.3.running_mean",
        "features.4.strideddownconv.1.weight",
        "features.4.strideddownconv.4.running_var",
        "classifier.0.bias",
        "classifier.2.weight",
    } <= keys
    assert "features.0.strideddownconv.1.weight" not in keys
    for norm in ("instance", "none"):
        names = ESRDGANDiscriminator(128, 2, norm).state_dict().keys()
        assert not any("running" in name for name in names)
    assert "features.3.strideddownconv.2.bias" in ESRDGANDiscriminator(128, 2, "none").state_dict()
    x8 = ESRDGANGenerator(8, **SMALL, fusion_kernel_size=1).state_dict()
    assert {"model.4.upconv.1.weight", "model.5.weight", "model.7.bias"} <= x8.keys()


def test_a_scale_that_is_no_power_of_two_is_refused():
    with pytest.raises(SrcoreError, match="scale must be 1, 2, 4, 8 or 16, found scale = 3"):
        srcore.build("network", "esrdgan", scale=3)


def test_images_of_another_size_are_refused():
    with pytest.raises(SrcoreError, match=r"expected \(N, C, 16, 16\); set discriminator.input"):
        ESRDGANDiscriminator(16, 2)(torch.rand(1, 3, 32, 32))
    with pytest.raises(SrcoreError, match="input_size 100; expected one of 16, 32, 64, 128"):
        ESRDGANDiscriminator(100, 2)
