"""Paths and Euler steps against loops, and what a known velocity makes."""

import numpy as np
import pytest
import torch
from srplug_flow.velocity import VelocityNetwork

import srcore
from srcore.testing import assert_close, tiny_image
from srcore.transforms.resize import resize


class Known(VelocityNetwork):
    """A velocity that a function says."""

    def __init__(self, function, *, steps, sigma=0.1):
        super().__init__(scale=2, sigma=sigma, steps=steps, channels=3)
        self.function = function

    def velocity(self, x, time, lr):
        return self.function(x, time, lr)


@pytest.fixture
def images():
    """lr, noise and truth in float64."""
    generator = torch.Generator().manual_seed(0)

    def random(*size):
        return torch.randn(2, 3, *size, dtype=torch.float64, generator=generator)

    return random(5, 4), random(10, 8), random(10, 8)


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_a_constant_velocity_ends_where_it_leads_whatever_the_steps(images, steps):
    lr, noise, hr = images
    start = resize(lr, scale=2) + 0.1 * noise
    made = Known(lambda x, time, lr: hr - start, steps=steps)(lr, noise=noise)
    assert_close(made, hr, rtol=0, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_steps_are_those_of_euler(images, steps):
    lr, noise, _ = images

    def pull(x, time, lr):
        return torch.sin(3 * x) + time.view(-1, 1, 1, 1) * resize(lr, scale=2)

    expected = []
    for n in range(len(lr)):
        x = resize(lr[n], scale=2) + 0.3 * noise[n]
        for k in range(steps):
            x = x + (torch.sin(3 * x) + k / steps * resize(lr[n], scale=2)) / steps
        expected.append(x)
    made = Known(pull, steps=steps, sigma=0.3)(lr, noise=noise)
    assert_close(made, torch.stack(expected), rtol=0, atol=1e-12)


def test_more_steps_come_nearer_to_the_solution(images):
    lr, noise, _ = images
    start = resize(lr, scale=2) + 0.1 * noise
    solution = start * torch.e  # of dx/dt = x
    errors = [
        (Known(lambda x, time, lr: x, steps=steps)(lr, noise=noise) - solution).abs().max()
        for steps in (1, 4, 16, 64)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 30


def test_the_estimate_is_the_end_seen_from_a_time_of_its_own_for_every_image(images):
    lr, noise, hr = images
    time = torch.tensor([0.25, 0.75], dtype=torch.float64)
    seen = []

    def watched(x, time, lr):
        seen.append((x, time))
        return 2 * x

    made = Known(watched, steps=7)(lr, noise=noise, target=hr, time=time)
    ((x, given),) = seen
    assert torch.equal(given, time)
    for n, t in enumerate(time.tolist()):
        point = (1 - t) * (resize(lr[n], scale=2) + 0.1 * noise[n]) + t * hr[n]
        assert_close(x[n], point, rtol=0, atol=1e-12)
        assert_close(made[n], point + (1 - t) * 2 * point, rtol=0, atol=1e-12)


def test_the_true_velocity_estimates_the_truth_from_any_time(images):
    lr, noise, hr = images
    start = resize(lr, scale=2) + 0.1 * noise
    time = torch.tensor([0.1, 0.9], dtype=torch.float64)
    network = Known(lambda x, time, lr: hr - start, steps=1)
    assert_close(network(lr, noise=noise, target=hr, time=time), hr, rtol=0, atol=1e-12)


def test_without_noise_and_velocity_it_is_the_enlarged_image():
    image = np.asarray(tiny_image(0, 12, 10))
    still = Known(lambda x, time, lr: torch.zeros_like(x), steps=3, sigma=0.0)
    lr = torch.from_numpy(image.transpose(2, 0, 1).copy()).float()[None] / 255
    expected = (resize(lr, scale=2).clamp(0, 1) * 255).round()[0].numpy().transpose(1, 2, 0)
    assert np.array_equal(srcore.upscale(still, image, border=0), expected.astype(np.uint8))


def test_noise_is_standard_normal_of_the_size_of_the_image():
    still = Known(lambda x, time, lr: x, steps=1)
    noise = still.draw((40, 50), torch.Generator().manual_seed(0))["noise"]
    assert noise.shape == (3, 80, 100)
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02
