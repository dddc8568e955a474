import numpy as np
import torch

from srcore.inference import channels


def test_gray_and_alpha_are_the_luma_of_the_networks_colors():
    window = np.random.default_rng(0).integers(0, 256, (3, 4, 2), dtype=np.uint8)
    outputs = torch.rand(2, 3, 6, 8, generator=torch.Generator().manual_seed(0))
    joined = channels.join_channels(outputs, window)
    for place, output in zip(joined, outputs, strict=True):
        red, green, blue = output.double()
        expected = 0.299 * red + 0.587 * green + 0.114 * blue  # ITU-R BT.601
        torch.testing.assert_close(place.double(), expected, rtol=0, atol=1e-6)


def test_gray_stays_what_it_was_under_a_network_that_copies():
    window = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    joined = channels.join_channels(channels.split_channels(window, torch.device("cpu")), window)
    levels = (joined * 255).round().to(torch.uint8).numpy()[0]
    np.testing.assert_array_equal(levels, window[..., 0])
