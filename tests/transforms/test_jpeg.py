import cv2
import numpy as np
import pytest
import torch

from srcore.errors import SrcoreError
from srcore.transforms.jpeg import JpegCompression, jpeg


def smooth_image(height, width):
    """Gray values of all frequencies: libraries differ in how they enlarge chroma."""
    generator = np.random.default_rng(0)
    small = generator.random((height // 8, width // 8)).astype(np.float32)
    luma = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    luma += 0.1 * np.sin(np.arange(width) / 2)
    gray = luma[..., None].repeat(3, axis=2) * 150 + 50
    return gray.clip(0, 255).round().astype(np.uint8)


def to_tensor(array):
    return torch.from_numpy(array).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize("quality", [10, 25, 50])  # entries are whole here, as libraries make them
def test_the_result_is_that_of_a_library_but_for_its_integer_arithmetic(quality):
    array = smooth_image(64, 96)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    settings += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    _, code = cv2.imencode(".jpg", array[..., ::-1], settings)
    library = to_tensor(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1].copy())
    image = to_tensor(array)
    ours = jpeg(image, quality)
    transposed = jpeg(image, quality, luma_table="published")

    def distance(a, b):
        return (a - b).square().mean().sqrt().item()

    assert distance(ours, library) < 0.003
    assert distance(ours, library) < 0.3 * distance(transposed, library)


def test_every_image_has_its_own_quality():
    image = to_tensor(smooth_image(32, 48)).repeat(2, 1, 1, 1)
    both = jpeg(image, torch.tensor([20.0, 90.0]))
    torch.testing.assert_close(both[:1], jpeg(image[:1], 20))
    torch.testing.assert_close(both[1:], jpeg(image[1:], 90.0))


def test_quality_100_changes_nothing_but_chroma_resolution():
    image = torch.rand(1, 1, 20, 20).expand(1, 3, 20, 20)
    compressed = jpeg(image, 100)
    torch.testing.assert_close(compressed, image, rtol=0, atol=1e-4)
    assert (jpeg(image, 99.999) - image).abs().max() < 1e-4


def test_any_size_and_memory_format_is_accepted():
    image = torch.rand(1, 3, 17, 5)
    compressed = jpeg(image, 60)
    assert compressed.shape == image.shape
    last = jpeg(image.contiguous(memory_format=torch.channels_last), 60)
    torch.testing.assert_close(last, compressed)


def test_the_quality_given_is_left_alone():
    quality = torch.tensor([40.0])
    jpeg(torch.rand(1, 3, 16, 16), quality)
    assert quality.item() == 40


def test_smooth_rounding_has_the_gradient_of_its_formula():
    image = 0.3 + 0.4 * torch.rand(1, 3, 16, 16, dtype=torch.float64)
    image.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: jpeg(x, 50, differentiable=True), image, eps=1e-7, atol=1e-4
    )


def test_gray_images_are_refused():
    with pytest.raises(SrcoreError, match=r"jpeg: expected RGB \(N, 3, H, W\), found \(1, 1, 8"):
        jpeg(torch.rand(1, 1, 8, 8), 50)


def test_the_transform_draws_a_quality_per_image():
    batch = {"lr": to_tensor(smooth_image(32, 32)).repeat(2, 1, 1, 1)}
    transform = JpegCompression(scale=4, quality=(10.0, 90.0))
    output = transform(batch, torch.Generator().manual_seed(0))["lr"]
    assert not torch.equal(output[0], output[1])
    assert torch.equal(output, transform(batch, torch.Generator().manual_seed(0))["lr"])
