"""The network against its formula; tiles, seeds and steps."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from srplug_flow.networks import Flow, linear_guess, time_features

import srcore
from srcore.testing import assert_close, tiny_image
from srcore.testing.weights import write_weights
from srcore.transforms.resize import resize


@pytest.fixture
def network():
    """Of large enough weights that what is felt at its border shows."""
    torch.manual_seed(0)
    made = Flow(2, num_features=8, num_blocks=1, steps=2).eval()
    with torch.no_grad():
        for parameter in made.conv_last.parameters():
            parameter.mul_(5)
    return made


def test_features_of_the_time_are_sines_and_cosines():
    time = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    expected = [
        [f(math.pi * 2**k * t) for f in (math.sin, math.cos) for k in range(4)]
        for t in time.tolist()
    ]
    assert_close(time_features(time), torch.tensor(expected), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("sigma", "detail"), [(0.1, 0.05), (0.02, 0.2)])
def test_the_linear_guess_is_that_of_least_squares(sigma, detail):
    generator = torch.Generator().manual_seed(0)
    lacking, noise = torch.randn(2, 200_000, dtype=torch.float64, generator=generator)
    lacking, noise = detail * lacking, sigma * noise
    for t in (0.0, 0.3, 0.9, 1.0):
        seen, velocity = t * lacking + (1 - t) * noise, lacking - noise
        fitted = (seen @ velocity) / (seen @ seen)
        guess = linear_guess(torch.tensor([t], dtype=torch.float64), sigma, detail)
        assert_close(guess[0], fitted, rtol=0.02, atol=0.1 if t in (0.0, 1.0) else 0.02)


def test_without_noise_the_guess_is_exact_after_the_start_and_nothing_at_it():
    time = torch.tensor([0.0, 0.25, 1.0])
    assert_close(linear_guess(time, 0.0, 0.05), torch.tensor([0.0, 4.0, 1.0]))


@pytest.mark.parametrize(("scale", "channels"), [(1, 3), (2, 1), (3, 3), (4, 4)])
def test_the_velocity_is_its_formula(scale, channels):
    torch.manual_seed(scale)
    network = Flow(scale, num_features=3, num_blocks=2, channels=channels)
    x, lr = torch.rand(2, channels, 5 * scale, 4 * scale), torch.rand(2, channels, 5, 4)
    time = torch.tensor([0.2, 0.7])
    state = network.state_dict()

    def conv(x, name):
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    expected = []
    for n in range(2):
        embedding = F.silu(state["embed.0.weight"] @ time_features(time)[n] + state["embed.0.bias"])
        beyond = x[n] - resize(lr[n], scale=scale)
        small = torch.stack(
            [
                beyond[c, i::scale, j::scale]
                for c in range(channels)
                for i in range(scale)
                for j in range(scale)
            ]
        )
        features = conv(torch.cat([small, lr[n]])[None], "conv_first")
        for block in range(2):
            name = f"body.{block}"
            both = state[f"{name}.modulation.weight"] @ embedding
            both = (both + state[f"{name}.modulation.bias"]).view(2, 1, 3, 1, 1)
            inner = (1 + both[0]) * conv(features, f"{name}.conv1") + both[1]
            features = features + conv(inner.clamp(min=0), f"{name}.conv2")
        pixels = conv(features, "conv_last")[0].view(channels, scale, scale, 5, 4)
        large = torch.empty(channels, 5 * scale, 4 * scale)
        for i in range(scale):
            for j in range(scale):
                large[:, i::scale, j::scale] = pixels[:, i, j]
        t = float(time[n])
        guess = (t * 0.05**2 - (1 - t) * 0.1**2) / ((t * 0.05) ** 2 + ((1 - t) * 0.1) ** 2)
        expected.append(large + guess * beyond)
    with torch.no_grad():
        assert_close(network.velocity(x, time, lr), torch.stack(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_it_depends_on_what_its_radius_says_and_on_no_more(steps):
    torch.manual_seed(0)
    network = Flow(2, num_features=6, num_blocks=1, steps=steps).double()
    radius = network.receptive_radius
    assert radius == 4 * steps
    side = 2 * radius + 9
    lr = torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    noise = torch.randn(1, 3, 2 * side, 2 * side, dtype=torch.float64)
    middle = side // 2
    network(lr, noise=noise)[
        ..., 2 * middle : 2 * middle + 2, 2 * middle : 2 * middle + 2
    ].sum().backward()
    rows = lr.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert (middle - int(rows.min()), int(rows.max()) - middle) == (radius, radius)


@pytest.mark.parametrize("tile", [16, 24, "auto"])
@pytest.mark.parametrize("options", [{}, {"self_ensemble": True}, {"batch": 3}])
def test_tiles_make_the_picture_of_the_whole(network, tile, options):
    image = np.asarray(tiny_image(3, 61, 47))
    whole = srcore.upscale(network, image, tile=None, **options)
    tiled = srcore.upscale(network, image, tile=tile, **options)
    assert np.abs(whole.astype(int) - tiled.astype(int)).max() <= 1
    assert whole.std() > 20


def test_equal_seeds_make_equal_pictures_and_others_do_not(network):
    image = np.asarray(tiny_image(0, 20, 20))
    first, again, other = (srcore.upscale(network, image, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_steps_are_chosen_when_it_is_used(tmp_path):
    torch.manual_seed(0)
    file = tmp_path / "flow.safetensors"
    write_weights(file, "flow", num_features=8, num_blocks=1, steps=2)
    image = np.asarray(tiny_image(0, 20, 20))
    stored, two, eight = (
        srcore.upscale(srcore.load_generator(file, options=options), image)
        for options in ({}, {"steps": 2}, {"steps": 8})
    )
    assert np.array_equal(stored, two)
    assert not np.array_equal(two, eight)


@pytest.mark.parametrize("channels", [1, 4])
def test_gray_images_and_alpha_have_noise_of_their_own(channels):
    network = Flow(2, num_features=4, num_blocks=1, channels=channels)
    noise = network.draw((6, 5), torch.Generator().manual_seed(0))["noise"]
    assert network(torch.rand(1, channels, 6, 5), noise=noise[None]).shape == (1, channels, 12, 10)
