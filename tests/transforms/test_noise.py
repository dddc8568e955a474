import pytest
import torch

from srcore.transforms.noise import (
    GaussianNoise,
    PoissonNoise,
    add_gaussian_noise,
    add_poisson_noise,
    poisson_levels,
    quantized,
)


def test_gaussian_noise_has_the_standard_deviation_of_each_sample():
    image = torch.full((2, 3, 120, 120), 0.5)
    sigma = torch.tensor([5.0, 20.0])
    noisy = add_gaussian_noise(image, sigma, torch.tensor([False, False]), torch.Generator())
    measured = (noisy - image).flatten(1).std(dim=1) * 255
    torch.testing.assert_close(measured, sigma, rtol=0.02, atol=0)


@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_gray_noise_is_equal_in_all_channels_of_gray_samples_only(kind):
    image = torch.full((2, 3, 30, 30), 0.5)
    add = add_gaussian_noise if kind == "gaussian" else add_poisson_noise
    gray = torch.tensor([True, False])
    difference = add(image, torch.tensor([2.0, 2.0]), gray, torch.Generator()) - image
    assert torch.equal(difference[0, 0], difference[0, 2])
    assert difference[0].abs().max() > 0
    assert not torch.equal(difference[1, 0], difference[1, 2])


def test_levels_count_distinct_values_up_to_a_power_of_two():
    ramp = torch.arange(256).view(1, 1, 16, 16) / 255
    image = torch.cat([ramp, ramp.clamp(max=4 / 255), ramp.clamp(max=3 / 255), ramp * 0]).repeat(
        1, 3, 1, 1
    )
    assert poisson_levels(image).tolist() == [256, 8, 4, 1]


def test_poisson_noise_has_the_variance_of_photon_counts():
    image = torch.full((1, 3, 200, 200), 64 / 255)
    image[..., :100, :] = torch.arange(100).view(1, 1, 100, 1) / 255
    strength = torch.tensor([1.0])
    noisy = add_poisson_noise(image, strength, torch.tensor([False]), torch.Generator())
    levels = poisson_levels(image).item()
    measured = (noisy - image)[..., 100:, :].var().item()
    assert measured == pytest.approx(64 / 255 / levels, rel=0.03)


def test_overshoots_do_not_reach_the_poisson_generator():
    image = torch.tensor([-0.2, 1.3]).view(1, 1, 1, 2).expand(1, 3, 4, 2)
    noisy = add_poisson_noise(image, torch.ones(1), torch.tensor([False]), torch.Generator())
    assert torch.isfinite(noisy).all()


def test_noise_is_clamped_and_quantized_on_request():
    batch = {"lr": torch.rand(2, 3, 16, 16)}
    transform = GaussianNoise(scale=4, sigma=(60.0, 60.0), quantize=True)
    noisy = transform(batch, torch.Generator())["lr"]
    assert torch.equal(noisy, quantized(noisy))
    assert noisy.min() == 0
    assert noisy.max() == 1


@pytest.mark.parametrize(
    "transform",
    [GaussianNoise(scale=2, image="hr"), PoissonNoise(scale=2, image="hr", quantize=True)],
)
def test_noise_repeats_with_its_generator(transform):
    batch = {"hr": torch.rand(2, 3, 16, 16)}
    first = transform(batch, torch.Generator().manual_seed(1))["hr"]
    assert torch.equal(first, transform(batch, torch.Generator().manual_seed(1))["hr"])
    assert not torch.equal(first, transform(batch, torch.Generator().manual_seed(2))["hr"])
