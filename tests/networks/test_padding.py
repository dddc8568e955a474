import numpy as np
import pytest
import torch

from srcore.networks.padding import pad_to_multiple


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (3, 5), (9, 16), (8, 8)])
@pytest.mark.parametrize("multiple", [1, 2, 4, 8])
def test_result_is_the_periodic_mirror_image(size, multiple):
    image = torch.rand(2, 3, *size)
    padding = [(0, -side % multiple) for side in size]
    expected = np.pad(image.numpy(), [(0, 0), (0, 0), *padding], mode="reflect")
    np.testing.assert_array_equal(pad_to_multiple(image, multiple).numpy(), expected)


@pytest.mark.parametrize(("size", "sides"), [((3, 5), (16, 16)), ((17, 20), (24, 24))])
def test_sides_have_a_minimum_that_is_a_multiple(size, sides):
    padded = pad_to_multiple(torch.rand(1, 3, *size), 8, minimum=10)
    assert padded.shape[-2:] == sides


def test_a_square_has_the_longer_side():
    image = torch.rand(1, 3, 5, 12)
    padded = pad_to_multiple(image, 8, square=True)
    assert padded.shape[-2:] == (16, 16)
    assert torch.equal(padded[..., :5, :12], image)


def test_fitting_images_are_returned_as_they_are():
    image = torch.rand(1, 3, 8, 16)
    assert pad_to_multiple(image, 8) is image
