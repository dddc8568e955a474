import pytest
import torch

from srcore.errors import SrcoreError
from srcore.networks.unet_discriminator import UNetDiscriminator


def small(**settings):
    torch.manual_seed(0)
    return UNetDiscriminator(2, **settings)


@pytest.mark.parametrize("size", [(8, 8), (16, 40)])
def test_a_logit_for_every_pixel(size):
    assert small()(torch.rand(2, 3, *size)).shape == (2, 1, *size)


def test_size_is_the_published_one():
    network = UNetDiscriminator()
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_376_897
    assert len(network.state_dict()) == 28


def test_training_passes_move_v_and_then_u_and_evaluation_leaves_them():
    network = small()
    weight = network.conv1.weight_orig.detach().flatten(1)
    u = network.conv1.weight_u.clone()
    v = torch.nn.functional.normalize(weight.T @ u, dim=0)
    u = torch.nn.functional.normalize(weight @ v, dim=0)
    image = torch.rand(1, 3, 8, 8)
    network.train()(image)
    torch.testing.assert_close(network.conv1.weight_u, u)
    torch.testing.assert_close(network.conv1.weight_v, v)
    network.eval()(image)
    torch.testing.assert_close(network.conv1.weight_u, u)


def test_skips_carry_what_is_lost_at_the_bottom():
    with_skips, without = small().eval(), small(skip_connection=False).eval()
    without.load_state_dict(with_skips.state_dict())
    image = torch.rand(1, 3, 16, 16)
    assert not torch.equal(with_skips(image), without(image))


def test_gradients_agree_with_finite_differences():
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(small().double().eval(), (x,), fast_mode=True)


def test_sides_that_cannot_be_halved_three_times_are_refused():
    message = r"image has shape \(1, 3, 20, 16\); expected height and width to be multiples of 8"
    with pytest.raises(SrcoreError, match=message):
        small()(torch.rand(1, 3, 20, 16))
