"""The degradation network against loops."""

import pytest
import torch
import torch.nn.functional as F
from srplug_cyclegan.networks import DegradationNetwork
from torch import nn

from srcore.testing import assert_close


def naive_unshuffle(image, scale):
    """Channel c of offset (i, j) becomes channel c s^2 + i s + j, pixel by pixel."""
    count, channels, height, width = image.shape
    result = torch.zeros(count, channels * scale**2, height // scale, width // scale)
    for c in range(channels):
        for i in range(scale):
            for j in range(scale):
                for y in range(height // scale):
                    for x in range(width // scale):
                        pixel = image[:, c, y * scale + i, x * scale + j]
                        result[:, (c * scale + i) * scale + j, y, x] = pixel
    return result


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_output_is_the_mean_of_squares_and_what_is_learned(scale):
    torch.manual_seed(scale)
    network = DegradationNetwork(scale, num_features=3, num_blocks=2)
    hr = torch.rand(2, 3, 5 * scale, 4 * scale)
    state = network.state_dict()

    def conv(x, name):
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    features = conv(naive_unshuffle(hr, scale), "conv_first")
    for block in range(2):
        inner = conv(features, f"body.{block}.conv1").clamp(min=0)
        features = features + conv(inner, f"body.{block}.conv2")
    mean = torch.stack(
        [
            torch.stack(
                [
                    hr[:, :, y * scale : (y + 1) * scale, x * scale : (x + 1) * scale].mean((2, 3))
                    for x in range(4)
                ],
                dim=-1,
            )
            for y in range(5)
        ],
        dim=-2,
    )
    with torch.no_grad():
        assert_close(network(hr), mean + conv(features, "conv_last"))


def test_sides_that_do_not_divide_are_mirrored():
    torch.manual_seed(0)
    network = DegradationNetwork(4, num_features=3, num_blocks=1)
    hr = torch.rand(1, 3, 10, 15)
    whole = nn.ReflectionPad2d((0, 1, 0, 2))(hr)
    with torch.no_grad():
        assert torch.equal(network(hr), network(whole))
