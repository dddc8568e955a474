import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from formulas.convolution import filtered
from srcore.errors import SrcoreError
from srcore.transforms.blur import Blur, filter2d, gaussian_blur, gaussian_taps, separable_blur


@pytest.mark.parametrize("shape", [(2, 3, 9, 8), (2, 1, 3, 2)])
def test_filter2d_correlates_every_sample_with_its_kernel(shape):
    generator = np.random.default_rng(0)
    image, kernels = generator.random(shape), generator.random((2, 5, 5))
    got = filter2d(torch.from_numpy(image), torch.from_numpy(kernels))
    np.testing.assert_allclose(got, filtered(image, kernels), rtol=1e-12)


def test_filter2d_takes_a_shared_kernel_and_channels_last():
    image = torch.rand(3, 3, 12, 10)
    kernel = torch.rand(1, 7, 7)
    shared = filter2d(image, kernel)
    torch.testing.assert_close(shared, filter2d(image, kernel.expand(3, -1, -1)))
    last = filter2d(image.contiguous(memory_format=torch.channels_last), kernel)
    torch.testing.assert_close(last, shared)


@pytest.mark.parametrize("border", ["reflect", "zero", "valid"])
def test_separable_blur_is_the_dense_filter_with_the_outer_product(border):
    image = torch.rand(2, 3, 90, 70, dtype=torch.float64, requires_grad=True)
    taps = gaussian_taps(21, 3.0)
    column = torch.tensor(taps, dtype=torch.float64)
    kernel = torch.outer(column, column).expand(3, 1, -1, -1)
    mode = "reflect" if border == "reflect" else "constant"
    padded = image if border == "valid" else F.pad(image, (10,) * 4, mode=mode)
    expected = F.conv2d(padded, kernel, groups=3)
    got = separable_blur(image, taps, border)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)
    cotangent = torch.rand_like(got)
    (gradient,) = torch.autograd.grad(got, image, cotangent)
    (reference,) = torch.autograd.grad(expected, image, cotangent)
    torch.testing.assert_close(gradient, reference, rtol=0, atol=1e-12)


def test_reflection_goes_on_beyond_small_images():
    image = torch.rand(1, 1, 3, 4, dtype=torch.float64)
    taps = gaussian_taps(13)
    column = np.asarray(taps)
    expected = filtered(image.numpy(), np.outer(column, column))
    np.testing.assert_allclose(separable_blur(image, taps), expected, rtol=1e-12)
    assert separable_blur(torch.ones(1, 1, 1, 1), taps) == pytest.approx(1.0)


@pytest.mark.parametrize("size", [3, 5, 7, 11, 21, 51])
def test_taps_follow_opencv_without_a_sigma(size):
    np.testing.assert_allclose(gaussian_taps(size), cv2.getGaussianKernel(size, 0)[:, 0], atol=1e-7)


def test_gaussian_blur_keeps_constants_and_takes_a_sigma():
    image = torch.full((1, 3, 20, 20), 0.3)
    torch.testing.assert_close(gaussian_blur(image, 9, 1.5), image)
    narrow, wide = gaussian_taps(9, 0.5), gaussian_taps(9, 3.0)
    assert narrow[4] > wide[4]
    assert sum(wide) == pytest.approx(1)


def test_blur_transform_repeats_with_its_generator_and_leaves_the_rest():
    batch = {"lr": torch.rand(2, 3, 24, 24), "hr": torch.rand(2, 3, 96, 96)}
    blur = Blur(scale=4, sizes=(7, 21))
    first = blur(batch, torch.Generator().manual_seed(3))
    again = blur(batch, torch.Generator().manual_seed(3))
    assert torch.equal(first["lr"], again["lr"])
    assert not torch.equal(first["lr"], batch["lr"])
    assert first["hr"] is batch["hr"]


def test_blur_transform_can_be_rare():
    batch = {"hr": torch.rand(1, 3, 24, 24)}
    assert Blur(scale=4, image="hr", probability=0.0)(batch, torch.Generator()) is batch


def test_a_missing_image_is_named():
    with pytest.raises(SrcoreError, match='transform blur: needs "lr", but the batch holds hr;'):
        Blur(scale=4)({"hr": torch.rand(1, 3, 8, 8)}, torch.Generator())
