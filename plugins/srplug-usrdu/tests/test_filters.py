import numpy as np
import torch
from srplug_usrdu.filters import GradientMap, HighPass, gradient_map, high_pass, low_pass


def reference_gradient_map(image):
    result = np.zeros_like(image)
    channels, height, width = image.shape
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                right = image[c, i, j + 1] - image[c, i, j] if j + 1 < width else 0.0
                below = image[c, i + 1, j] - image[c, i, j] if i + 1 < height else 0.0
                result[c, i, j] = abs(right) + abs(below)
    return result


def reference_low_pass(image, size):
    offsets = np.arange(size) - (size - 1) / 2
    kernel = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * (size / 6) ** 2))
    kernel /= kernel.sum()
    half = size // 2
    padded = np.pad(image, ((0, 0), (half, half), (half, half)))
    result = np.zeros_like(image)
    for i in range(image.shape[1]):
        for j in range(image.shape[2]):
            result[:, i, j] = (padded[:, i : i + size, j : j + size] * kernel).sum((1, 2))
    return result


def test_gradient_map_is_the_sum_of_absolute_forward_differences():
    image = torch.rand(2, 3, 7, 9, dtype=torch.float64)
    expected = np.stack([reference_gradient_map(entry) for entry in image.numpy()])
    torch.testing.assert_close(gradient_map(image), torch.from_numpy(expected))


def test_gradient_of_the_gradient_map_is_exact():
    image = torch.rand(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gradient_map, (image,))


def test_low_pass_is_a_zero_padded_gaussian_of_a_sixth_of_its_size():
    image = torch.rand(1, 3, 11, 13, dtype=torch.float64)
    for size in (5, 9):
        expected = torch.from_numpy(reference_low_pass(image[0].numpy(), size))
        torch.testing.assert_close(low_pass(image, size)[0], expected)


def test_high_pass_of_a_flat_image_is_gray_inside_and_wrong_at_the_zero_padded_border():
    image = torch.full((1, 3, 16, 16), 0.8)
    high = high_pass(image, 5)
    torch.testing.assert_close(high[..., 2:-2, 2:-2], torch.full((1, 3, 12, 12), 0.5))
    assert high[..., 0, 0].min() > 0.6
    torch.testing.assert_close(high_pass(image, 5, "reflect"), torch.full_like(image, 0.5))


def test_high_pass_is_linear_in_its_gradient():
    image = torch.rand(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: high_pass(x, 5), (image,))


def test_discriminator_inputs_are_these_filters():
    image, generator = torch.rand(1, 3, 8, 8), torch.Generator()
    arguments = {"progress": 0.5, "generator": generator}
    assert torch.equal(HighPass(kernel_size=5)(image, **arguments), high_pass(image, 5))
    assert torch.equal(GradientMap()(image, **arguments), gradient_map(image))
