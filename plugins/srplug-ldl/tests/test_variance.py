"""Local variance against the definition, window by window."""

import pytest
import torch
import torch.nn.functional as F
from srplug_ldl.variance import local_variance

from srcore.errors import SrcoreError
from srcore.testing import assert_close


def naive_variance(image, size):
    padded = F.pad(image, (size // 2,) * 4, mode="reflect")
    height, width = image.shape[-2:]
    rows = [
        torch.stack(
            [padded[:, :, y : y + size, x : x + size].flatten(2).var(dim=2) for x in range(width)],
            dim=-1,
        )
        for y in range(height)
    ]
    return torch.stack(rows, dim=-2)


def random(*shape, seed=0, dtype=torch.float64):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize(("size", "height", "width"), [(3, 5, 9), (7, 4, 6), (5, 11, 3), (9, 8, 8)])
def test_equals_the_variance_of_every_window(size, height, width):
    image = random(2, 1, height, width).requires_grad_()
    weights = random(2, 1, height, width, seed=1)
    expected, variance = naive_variance(image, size), local_variance(image, size)
    assert_close(variance, expected)
    for_expected, for_found = (
        torch.autograd.grad((weights * value).sum(), image)[0] for value in (expected, variance)
    )
    assert_close(for_found, for_expected)


def test_gradient_is_that_of_finite_differences():
    image = random(1, 2, 6, 7).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: local_variance(x, 5), image)


def test_small_variation_on_high_and_differing_levels_survives_float32():
    # Two plateaus: one pivot per image would leave squares of 0.25 to cancel against 1e-8.
    noise = 1e-4 * random(1, 1, 24, 24)
    image = noise + torch.where(torch.arange(24) < 12, 0.0, 1.0)
    expected = naive_variance(image, 7)
    variance = local_variance(image.float(), 7).double()
    # The noise itself is stored with the precision of 1, 6e-8.
    flat = (slice(None), slice(None), slice(None), slice(16, 24))
    assert_close(variance[flat], expected[flat], rtol=1e-2, atol=0)
    assert expected[flat].max() < 2e-9
    naive = F.avg_pool2d(image.float() ** 2, 7, 1) - F.avg_pool2d(image.float(), 7, 1) ** 2
    assert ((naive * 49 / 48).double() - expected[..., 3:-3, 3:-3])[..., 14:].abs().max() > 1e-8


def test_gradient_keeps_its_precision_on_high_levels():
    image = 2.0 + 1e-2 * random(1, 1, 20, 20)
    gradients = []
    for kind in (torch.float64, torch.float32):
        x = image.to(kind).detach().requires_grad_()
        local_variance(x, 7).sum().backward()
        gradients.append(x.grad.double())
    assert_close(gradients[1], gradients[0], rtol=1e-3, atol=1e-3 * gradients[0].abs().max().item())


def test_constant_image_has_no_variance_and_no_gradient():
    image = torch.full((1, 1, 9, 9), 0.3).requires_grad_()
    variance = local_variance(image, 7)
    variance.sum().backward()
    assert variance.abs().max() < 1e-13
    assert image.grad.abs().max() < 1e-6


def test_image_smaller_than_the_mirrored_border_is_refused():
    message = "windows of 7x7 need images above 3x3, found 3x8; lower window_size"
    with pytest.raises(SrcoreError, match=message):
        local_variance(torch.zeros(1, 1, 3, 8), 7)
