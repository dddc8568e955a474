"""Parts of images by which int8 is scaled."""

import numpy as np
import pytest
import torch

import srcore
from srcore.errors import DataError
from srcore.images import write_image
from srcore.inference.backends.calibration import calibration_images, middle_part
from srcore.inference.border import Continued
from srcore.inference.channels import shown_to


class Multiple(torch.nn.Module):
    scale, tile_multiple, in_channels = 1, 8, 3

    def forward(self, lr):
        return lr


@pytest.fixture
def network():
    return srcore.build("network", "edsr", scale=2, num_features=4, num_blocks=1).eval()


def ramp(height, width):
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(height)[:, None], np.arange(width)
    return image


@pytest.mark.parametrize(
    ("size", "side", "rows", "columns"),
    [((40, 60), 16, (12, 28), (22, 38)), ((10, 60), 16, (0, 10), (22, 38))],
)
def test_it_is_the_middle_that_is_taken(network, size, side, rows, columns):
    part = middle_part(network, Continued(shown_to(network, ramp(*size))), side)
    seen = (part[0, :2] * 255).round().int()
    assert part.shape[:2] == (1, 3)
    assert (int(seen[0].min()), int(seen[0].max()) + 1) == rows
    assert (int(seen[1].min()), int(seen[1].max()) + 1) == columns


def test_sides_are_those_that_the_network_takes():
    part = middle_part(Multiple(), Continued(shown_to(Multiple(), ramp(40, 60))), 20)
    assert part.shape == (1, 3, 24, 24)


def test_images_of_a_folder_are_chosen_evenly(network, tmp_path):
    for number in range(30):
        write_image(tmp_path / f"{number:02}.png", np.full((8, 8, 3), number, np.uint8))
    parts = calibration_images(network, tmp_path)
    assert [round(float(part.mean()) * 255) for part in parts] == list(range(0, 30, 3))


def test_a_folder_without_images_calibrates_nothing(network, tmp_path):
    with pytest.raises(DataError, match="no images"):
        calibration_images(network, tmp_path)
