"""Optimizers by name."""

import pytest
import torch

from srcore import build
from srcore.errors import ConfigError


def parameter():
    return torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))


def _reference_step(value, gradient, rate, decay, decoupled):
    """First step of Adam: the bias-corrected moments are the gradient and its square."""
    if decoupled:
        value = value - rate * decay * value
    else:
        gradient = gradient + decay * value
    return value - rate * gradient / (gradient.abs() + 1e-8)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_first_step_equals_the_formula(name):
    weights = parameter()
    optimizer = build("optimizer", name, parameters=[weights], learning_rate=0.1, weight_decay=0.5)
    start, gradient = weights.detach().clone(), torch.tensor([0.3, 0.4], dtype=torch.float64)
    weights.grad = gradient
    optimizer.step()
    expected = _reference_step(start, gradient, 0.1, 0.5, decoupled=name == "adamw")
    torch.testing.assert_close(weights.detach(), expected)


def test_defaults_are_those_of_the_recipes():
    (group,) = build("optimizer", "adam", parameters=[parameter()]).param_groups
    assert (group["lr"], group["betas"], group["weight_decay"]) == (1e-4, (0.9, 0.99), 0.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0.0}, r"learning_rate: expected a number > 0, found 0.0$"),
        ({"betas": (0.9, 1.0)}, r"betas: expected numbers >= 0 and < 1, found \[0.9, 1.0\]$"),
    ],
)
def test_values_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        build("optimizer", "adam", parameters=[parameter()], **options)
