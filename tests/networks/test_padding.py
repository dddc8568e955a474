import numpy as np
import pytest
import torch

from srcore.errors import WeightsError
from srcore.exporting.export import quiet
from srcore.networks.padding import crop, for_fitting_images, pad_to_multiple


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


def test_programs_for_fitting_images_never_pad():
    image = torch.rand(1, 3, 5, 7)
    with for_fitting_images():
        assert pad_to_multiple(image, 1, minimum=4) is image
        assert crop(image, 5, 7) is image
        with pytest.raises(WeightsError, match="pads images to multiples of 8"):
            pad_to_multiple(image, 8)
    assert pad_to_multiple(image, 8).shape[-2:] == (8, 8)


@pytest.mark.parametrize("size", [(2, 3), (6, 9), (30, 4)])
def test_the_minimum_stays_open_in_torchscript(size):
    def padded(image):
        return pad_to_multiple(image, 4, minimum=10)

    with quiet():
        program = torch.jit.trace(padded, torch.rand(1, 3, 8, 16), check_trace=False)
    image = torch.rand(1, 3, *size)
    assert torch.equal(program(image), padded(image))
