import torch
from srplug_usrdu.filters import GradientMap, HighPass, gradient_map, high_pass, low_pass

from formulas import uncertainty as naive


def test_gradient_map_is_the_sum_of_absolute_forward_differences():
    image = torch.rand(2, 3, 7, 9, dtype=torch.float64)
    expected = naive.gradient_map(image.numpy())
    torch.testing.assert_close(gradient_map(image), torch.from_numpy(expected))


def test_gradient_of_the_gradient_map_is_exact():
    image = torch.rand(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gradient_map, (image,))


def test_low_pass_is_a_zero_padded_gaussian_of_a_sixth_of_its_size():
    image = torch.rand(1, 3, 11, 13, dtype=torch.float64)
    for size in (5, 9):
        expected = torch.from_numpy(naive.blurred(image.numpy(), size))
        torch.testing.assert_close(low_pass(image, size), expected)


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
