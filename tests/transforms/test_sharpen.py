import cv2
import numpy as np
import torch
import torch.nn.functional as F

from srcore.transforms.sharpen import Sharpen, sharpen


def dense_sharpen(image, size, weight, threshold):
    """With the dense filter that the separable one stands for."""
    column = torch.from_numpy(cv2.getGaussianKernel(size, 0))
    kernel = (column @ column.T).expand(3, 1, -1, -1)

    def blur(x):
        return F.conv2d(F.pad(x, (size // 2,) * 4, mode="reflect"), kernel, groups=3)

    residual = image - blur(image)
    soft = blur((residual.abs() * 255 > threshold).double())
    return soft * (image + weight * residual).clamp(0, 1) + (1 - soft) * image


def test_the_separable_filter_equals_the_dense_one():
    image = torch.rand(2, 3, 40, 52, dtype=torch.float64)
    for size, weight, threshold in ((51, 0.5, 10), (13, 1.0, 40)):
        got = sharpen(image, size=size, weight=weight, threshold=threshold)
        expected = dense_sharpen(image, size, weight, threshold)
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


def test_flat_regions_stay_and_edges_gain_contrast():
    image = torch.full((1, 3, 64, 64), 0.4)
    torch.testing.assert_close(sharpen(image), image)
    image[..., 32:] = 0.6
    sharpened = sharpen(image)
    assert sharpened[..., 31].mean() < 0.4
    assert sharpened[..., 32].mean() > 0.6


def test_images_smaller_than_the_filter_are_sharpened_too():
    image = torch.rand(1, 3, 9, 6)
    assert torch.isfinite(sharpen(image)).all()


def test_the_transform_adds_a_sharpened_image_or_replaces_one():
    batch = {"hr": torch.rand(1, 3, 32, 32)}
    added = Sharpen(scale=4)(batch, torch.Generator())
    assert added["hr"] is batch["hr"]
    assert torch.equal(added["hr_sharpened"], sharpen(batch["hr"]))
    replaced = Sharpen(scale=4, target="hr")(batch, torch.Generator())
    np.testing.assert_array_equal(replaced["hr"], added["hr_sharpened"])
