"""Noise on what the discriminator sees."""

import pytest
import torch
from srplug_esrdgan.instance_noise import InstanceNoise, amplitude


def noise_at(progress, **keys):
    image = torch.full((4, 3, 64, 64), 0.5)
    generator = torch.Generator().manual_seed(0)
    noise = InstanceNoise(**keys)(image, progress=progress, generator=generator) - image
    return float(noise.mean()), float(noise.std())


@pytest.mark.parametrize("progress", [0.0, 0.25, 0.5, 0.75, 0.99])
def test_the_variance_falls_linearly(progress):
    mean, deviation = noise_at(progress)
    assert deviation**2 == pytest.approx(1 - progress, rel=0.03)
    assert mean == pytest.approx(0, abs=0.02)


def test_it_is_gone_at_the_last_iteration_and_from_a_stated_end_on():
    assert noise_at(1.0) == (0.0, 0.0)
    assert noise_at(0.49, end=0.5)[1] > 0.1
    assert noise_at(0.5, end=0.5) == (0.0, 0.0)
    assert noise_at(0.8, end=0.5) == (0.0, 0.0)


def test_sigma_is_the_deviation_at_the_start():
    assert noise_at(0.0, sigma=0.1)[1] == pytest.approx(0.1, rel=0.02)


def test_the_published_noise_is_uniform_and_grows():
    mean, deviation = noise_at(0.5, kind="growing_uniform")
    # measured on the published program at half of the training: 0.354 and 0.207
    assert mean == pytest.approx(0.354, abs=0.003)
    assert deviation == pytest.approx(0.204, abs=0.004)
    assert amplitude("growing_uniform", 0.0) == 0
    assert amplitude("growing_uniform", 1.0) == 1


def test_real_and_generated_images_get_different_draws():
    image, generator = torch.zeros(1, 3, 8, 8), torch.Generator().manual_seed(0)
    noise = InstanceNoise()
    first = noise(image, progress=0.1, generator=generator)
    assert not torch.equal(first, noise(image, progress=0.1, generator=generator))


def test_gradients_pass_unchanged():
    image = torch.rand(1, 3, 8, 8, requires_grad=True)
    seen = InstanceNoise()(image, progress=0.1, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(seen.sum(), image)
    assert torch.equal(gradient, torch.ones_like(image))
