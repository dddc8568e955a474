"""Gradient penalties on a discriminator whose gradients are known in closed form."""

import pytest
import torch
from torch import nn

from srcore import build
from srcore.contracts import DiscriminatorLoss, LossContext
from srcore.losses.penalties import gradient_penalty, interpolate_images, r1_penalty


class Quadratic(nn.Module):
    """D(x) = sum of w_c x^2 / 2 over pixels: gradient w_c x."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64))

    def forward(self, image):
        return (self.weight.view(1, 3, 1, 1) * image**2 / 2).sum((1, 2, 3))


def images(seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((2, 3, 2, 3), generator=generator, dtype=torch.float64)


def context(network, **extras):
    return LossContext(
        batch={"hr": images(0)},
        sr=images(1),
        iteration=1,
        discriminate=network,
        extras=extras,
    )


def closed_form(weight, image):
    """The input gradient of :class:`Quadratic`."""
    return weight.view(1, 3, 1, 1) * image


def test_r1_and_its_weight_gradient_equal_the_closed_form():
    network = Quadratic()
    real = images(0).requires_grad_()
    r1_penalty(network(real), real).backward()
    weight = network.weight.detach().clone().requires_grad_()
    expected = (closed_form(weight, images(0)) ** 2).sum() / 2
    expected.backward()
    torch.testing.assert_close(r1_penalty(network(real), real).detach(), expected.detach())
    torch.testing.assert_close(network.weight.grad, weight.grad)


@pytest.mark.parametrize("norm", ["sample", "channel"])
def test_gradient_penalty_and_its_weight_gradient_equal_the_closed_form(norm):
    network = Quadratic()
    between = interpolate_images(images(0), images(1), torch.tensor([0.25, 0.75]).view(2, 1, 1, 1))
    value = gradient_penalty(network(between), between, norm=norm)
    value.backward()
    weight = network.weight.detach().clone().requires_grad_()
    squares = closed_form(weight, between.detach()) ** 2
    lengths = squares.sum((1, 2, 3) if norm == "sample" else 1).sqrt()
    expected = ((lengths - 1) ** 2).mean()
    expected.backward()
    torch.testing.assert_close(value.detach(), expected.detach())
    torch.testing.assert_close(network.weight.grad, weight.grad)


def test_interpolation_is_a_new_leaf():
    real = images(0).requires_grad_()
    between = interpolate_images(real, images(1), torch.tensor(0.25, dtype=torch.float64))
    assert between.is_leaf
    torch.testing.assert_close(between.detach(), 0.25 * images(0) + 0.75 * images(1))


@pytest.mark.parametrize("name", ["r1", "gradient_penalty"])
def test_component_yields_one_term_for_the_discriminator_only(name):
    loss, network = build("loss", name), Quadratic()
    assert isinstance(loss, DiscriminatorLoss)
    assert loss.has_generator_term is False
    ((label, term),) = loss.discriminator_terms(context(network))
    term.backward()
    assert label == "penalty"
    assert network.weight.grad.abs().sum() > 0


def test_positions_come_from_the_method_s_generator():
    loss = build("loss", "gradient_penalty")

    def value(seed):
        generator = torch.Generator().manual_seed(seed)
        return next(loss.discriminator_terms(context(Quadratic(), generator=generator)))[1].item()

    assert value(3) == value(3)
    assert value(3) != value(4)


def test_r1_leaves_the_batch_alone():
    seen = context(Quadratic())
    next(build("loss", "r1").discriminator_terms(seen))
    assert not seen.hr.requires_grad
