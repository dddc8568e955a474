import math

import numpy as np
import pytest
import torch
from srplug_usrdu.losses import (
    DataLoss,
    FeatureLoss,
    GaussianL1Loss,
    feature_uncertainty_loss,
    kl_data_loss,
    laplace_divergence,
)

from formulas.uncertainty import data_loss, low_frequencies
from srcore.contracts import LossContext
from srcore.errors import SrcoreError


def laplace_density(x, center, scale):
    return np.exp(-np.abs(x - center) / scale) / (2 * scale)


def random_case(shape=(2, 10, 12)):
    generator = np.random.default_rng(0)
    mean, reference = generator.random(shape), generator.random(shape)
    return mean, reference, generator.uniform(-0.9, 3, shape)


def test_divergence_is_that_of_two_laplace_distributions():
    u, v = 3.7, 0.8
    x = np.linspace(-400, 400, 800_001)
    p, q = laplace_density(x, 0.0, math.exp(v)), laplace_density(x, u, 1.0)
    integral = np.trapezoid(p * np.log(p / q), x)
    difference, log_scale = torch.tensor([u]), torch.tensor([v])
    loss = laplace_divergence(difference, log_scale, difference.abs())
    assert float(loss) == pytest.approx(integral, abs=1e-5)


def test_data_loss_equals_the_naive_formula():
    mean, reference, log_scale = (array[None] for array in random_case())
    tensors = [torch.from_numpy(array) for array in (mean, reference, log_scale)]
    expected = data_loss(mean, log_scale, reference, 5)
    assert float(kl_data_loss(*tensors, 5)) == pytest.approx(expected, rel=1e-9)


def test_gradients_of_both_losses_are_exact():
    mean, reference, log_scale = (torch.from_numpy(array)[None] for array in random_case((1, 7, 7)))
    mean.requires_grad_(True)
    log_scale.requires_grad_(True)
    inputs = (mean, log_scale)
    assert torch.autograd.gradcheck(lambda m, v: kl_data_loss(m, reference, v, 5), inputs)
    assert torch.autograd.gradcheck(lambda m, v: feature_uncertainty_loss(m, reference, v), inputs)


@pytest.mark.parametrize(
    ("difference", "best"), [(0, 1.0), (1, 1.24), (5, 2.48), (20, 6.13), (50, 12.1)]
)
def test_best_scale_for_a_difference_solves_the_stationary_equation(difference, best):
    log_scales = torch.linspace(-0.9, 4, 5001, dtype=torch.float64)
    u = torch.full_like(log_scales, float(difference))
    b = log_scales.exp()
    values = b * torch.exp(-u / b) - log_scales - 1
    result = float(b[values.argmin()])
    assert result == pytest.approx(best, rel=5e-3)
    assert (result + difference) * math.exp(-difference / result) == pytest.approx(1, abs=1e-2)


def test_data_loss_may_be_negative():
    flat = torch.zeros(1, 1, 8, 8)
    noisy = flat + 0.2 * (2 * ((torch.arange(8)[:, None] + torch.arange(8)) % 2) - 1)
    assert kl_data_loss(noisy, flat, torch.full_like(flat, 2.5)) < 0


def test_data_loss_without_log_scale_keeps_the_low_frequencies():
    mean, reference, _ = (array[None] for array in random_case())
    loss = kl_data_loss(torch.from_numpy(mean), torch.from_numpy(reference), None)
    assert float(loss) == pytest.approx(low_frequencies(mean, reference, 5), rel=1e-9)


def test_data_loss_compares_with_the_reference_of_the_batch():
    reference, sr = torch.rand(2, 1, 3, 16, 16)
    context = LossContext({"lr_reference": reference}, sr, 1, extras={"log_scale": None})
    assert float(DataLoss()(context)) == float(kl_data_loss(sr, reference, None))


def test_missing_reference_names_the_entry():
    context = LossContext({"lr": torch.rand(1, 3, 8, 8)}, torch.rand(1, 3, 8, 8), 1)
    with pytest.raises(SrcoreError, match='"usrdu_data" needs the batch entry "lr_reference"'):
        DataLoss()(context)


def test_feature_head_of_other_size_is_explained():
    image = torch.rand(1, 3, 16, 16)
    loss = FeatureLoss(features=lambda x: {"conv5_4": x[:, :2, ::16, ::16]})
    extras = {"feature_log_scale": torch.zeros(1, 5, 1, 1)}
    context = LossContext({"lr_reference": image}, image, 1, extras=extras)
    with pytest.raises(SrcoreError, match=r"set generator\.feature_channels = 2"):
        loss(context)


def test_feature_loss_compares_the_chosen_layer():
    sr, reference = torch.rand(2, 1, 3, 16, 16)
    loss = FeatureLoss(features=lambda x: {"conv5_4": 4 * x[..., ::16, ::16]})
    log_scale = torch.full((1, 3, 1, 1), 0.3)
    context = LossContext(
        {"lr_reference": reference}, sr, 1, extras={"feature_log_scale": log_scale}
    )
    expected = feature_uncertainty_loss(
        4 * sr[..., ::16, ::16], 4 * reference[..., ::16, ::16], log_scale
    )
    assert float(loss(context)) == float(expected)


def test_gaussian_l1_sees_low_frequencies_only():
    hr = torch.full((1, 3, 32, 32), 0.5, dtype=torch.float64)
    checkers = 0.2 * (2 * ((torch.arange(32)[:, None] + torch.arange(32)) % 2) - 1)
    fine = LossContext({"hr": hr}, hr + checkers, 1)
    coarse = LossContext({"hr": hr}, hr + 0.2, 1)
    loss = GaussianL1Loss(9, "reflect")
    assert float(loss(fine)) < 1e-3
    assert float(loss(coarse)) == pytest.approx(0.2)
    assert float(GaussianL1Loss(9, "zero")(coarse)) < 0.2
