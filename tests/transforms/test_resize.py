import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from formulas import bicubic as naive
from srcore.errors import SrcoreError
from srcore.transforms.resize import Bicubic, resize, resize_uint8

SCALES = [1 / 4, 1 / 3, 1 / 2, 0.37, 0.9, 1.0, 1.7, 2, 3, 4]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("antialias", [True, False])
def test_matlab_by_scale_follows_the_definition_in_double_precision(scale, antialias):
    image = np.random.default_rng(0).random((11, 14))
    expected = naive.resized(image, scale, antialias=antialias)
    got = resize(torch.from_numpy(image), scale=scale, antialias=antialias)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [(5, 20), (1, 1), (13, 2), (40, 3)])
def test_matlab_by_size_derives_one_scale_per_axis(size):
    image = np.random.default_rng(1).random((9, 7))
    expected = naive.resized(image, sides=size)
    got = resize(torch.from_numpy(image), size=size)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_a_pair_of_scales_applies_to_height_and_width():
    image = torch.rand(3, 12, 10, dtype=torch.float64)
    assert torch.equal(resize(image, scale=(0.5, 2.0)), resize(image, size=(6, 20)))


@pytest.mark.parametrize("scale", [1 / 4, 0.4, 2.5])
def test_long_axes_are_computed_in_blocks_with_the_same_result(scale):
    image = np.random.default_rng(2).random((6, 531))
    expected = naive.resized(image, scale)
    both = torch.from_numpy(image), torch.from_numpy(image.T.copy()).expand(2, 3, -1, -1)
    np.testing.assert_allclose(resize(both[0], scale=scale), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(resize(both[1], scale=scale)[1, 2], expected.T, rtol=0, atol=1e-12)


def test_float32_is_within_a_millionth_of_float64():
    image = torch.rand(1, 3, 300, 410, dtype=torch.float64)
    for scale in (1 / 4, 1 / 3, 2):
        difference = resize(image.float(), scale=scale) - resize(image, scale=scale)
        assert difference.abs().max() < 1e-6


@pytest.mark.parametrize(("dialect", "scale"), [("matlab", 0.4), ("matlab", 2.0), ("opencv", 0.4)])
def test_first_and_second_derivatives_are_right(dialect, scale):
    image = torch.rand(1, 2, 7, 9, dtype=torch.float64, requires_grad=True)

    def function(x):
        return resize(x, scale=scale, dialect=dialect)

    assert torch.autograd.gradcheck(function, image)
    assert torch.autograd.gradgradcheck(function, image)


def test_the_gradient_in_blocks_is_the_transposed_map():
    image = torch.rand(3, 200, 260, dtype=torch.float64, requires_grad=True)
    output = resize(image, scale=1 / 4)
    cotangent = torch.rand_like(output)
    (gradient,) = torch.autograd.grad(output, image, cotangent)
    other = torch.rand_like(image)
    left = (resize(other, scale=1 / 4) * cotangent).sum()
    torch.testing.assert_close(left, (other * gradient).sum(), rtol=1e-12, atol=0)


def test_opencv_dialect_is_torch_bicubic_and_within_a_level_of_opencv():
    array = np.random.default_rng(3).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    image = torch.from_numpy(array).permute(2, 0, 1)[None].double()
    for scale in (1 / 4, 1 / 2, 2):
        reference = F.interpolate(image, scale_factor=scale, mode="bicubic")
        torch.testing.assert_close(
            resize(image, scale=scale, dialect="opencv"), reference, rtol=0, atol=1e-9
        )
        own = resize_uint8(array, scale=scale, dialect="opencv").astype(int)
        theirs = cv2.resize(array, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        assert np.abs(own - theirs).max() <= 1


def test_opencv_dialect_rounds_the_side_to_the_nearest():
    image = torch.rand(10, 13)
    assert resize(image, scale=0.25, dialect="opencv").shape == (2, 3)
    assert resize(image, scale=0.25, dialect="matlab").shape == (3, 4)


@pytest.mark.parametrize("scale", [1 / 4, 1 / 3, 1 / 2, 2])
def test_matlab_uint8_rounds_after_either_pass(scale):
    array = np.random.default_rng(4).integers(0, 256, (20, 26), dtype=np.uint8)
    rule = {"between": naive.to_bytes, "border": naive.clamped}
    expected = naive.resized(array.astype(float), scale, **rule)
    got = resize_uint8(array, scale=scale, dialect="matlab_uint8")
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, expected)
    image = torch.from_numpy(array / np.float32(255))
    floats = resize(image, scale=scale, dialect="matlab_uint8")
    np.testing.assert_array_equal((floats * 255).round(), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integer_images_are_clipped_and_rounded_once(dtype):
    peak = np.iinfo(dtype).max
    array = np.random.default_rng(5).choice(np.array([0, peak, 77], dtype), (18, 22))
    exact = naive.resized(array / peak, 2) * peak
    assert exact.min() < 0
    assert exact.max() > peak
    got = resize_uint8(array, scale=2)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, np.clip(np.floor(exact + 0.5), 0, peak))


def test_arrays_keep_their_layout():
    array = np.zeros((8, 12, 3), np.uint8)
    assert resize_uint8(array, scale=1 / 4).shape == (2, 3, 3)
    assert resize_uint8(array[..., 0], size=(5, 6)).shape == (5, 6)
    assert resize_uint8(array, scale=2).flags["C_CONTIGUOUS"]


def test_autocast_does_not_cost_precision():
    image = torch.rand(1, 3, 40, 40)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = resize(image, scale=1 / 4)
    assert torch.equal(output, resize(image, scale=1 / 4))


def test_half_precision_images_are_computed_in_float32():
    image = torch.rand(1, 3, 40, 40).bfloat16()
    expected = resize(image.float(), scale=1 / 2).bfloat16()
    assert torch.equal(resize(image, scale=1 / 2), expected)


def test_matrices_cached_in_inference_mode_serve_training():
    with torch.inference_mode():
        resize(torch.rand(1, 3, 29, 31), scale=0.77)
    image = torch.rand(1, 3, 29, 31, requires_grad=True)
    resize(image, scale=0.77).sum().backward()
    assert image.grad is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give either scale or size, found scale = None and size = None"),
        ({"scale": 2, "size": (3, 3)}, "give either scale or size"),
        ({"scale": -1.0}, "expected a scale > 0, found -1.0"),
        ({"size": (0, 3)}, r"expected size = \(height, width\) >= 1, found \(0, 3\)"),
        ({"scale": 2, "dialect": "pil"}, 'unknown dialect "pil"; expected one of matlab, mat'),
        ({"scale": 2, "dialect": "opencv", "antialias": True}, 'has no antialiasing; use "matlab"'),
    ],
)
def test_wrong_arguments_are_explained(options, message):
    with pytest.raises(SrcoreError, match=message):
        resize(torch.rand(4, 4), **options)


def test_wrong_types_are_explained():
    with pytest.raises(SrcoreError, match=r"floating-point image .* found torch\.uint8"):
        resize(torch.zeros(4, 4, dtype=torch.uint8), scale=2)
    with pytest.raises(SrcoreError, match="found float32"):
        resize_uint8(np.zeros((4, 4), np.float32), scale=2)
    with pytest.raises(SrcoreError, match=r"of uint8, found uint16"):
        resize_uint8(np.zeros((4, 4), np.uint16), scale=2, dialect="matlab_uint8")
    with pytest.raises(SrcoreError, match="image is empty"):
        resize(torch.zeros(3, 0, 4), scale=2)


@pytest.mark.parametrize("dialect", ["matlab", "matlab_uint8", "opencv"])
def test_the_transform_makes_the_lr_image_that_a_file_would_hold(dialect):
    array = np.random.default_rng(6).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    hr = torch.from_numpy(array).permute(2, 0, 1)[None].float() / 255
    batch = Bicubic(scale=4, dialect=dialect)({"hr": hr}, torch.Generator())
    expected = resize_uint8(array, scale=1 / 4, dialect=dialect)
    got = (batch["lr"][0] * 255).permute(1, 2, 0)
    assert (got - torch.from_numpy(expected)).abs().max() < 1.01
    assert (got.round() == torch.from_numpy(expected)).float().mean() > 0.995
    assert torch.equal(batch["lr"], got.round().permute(2, 0, 1)[None] / 255)


def test_the_transform_can_leave_the_lr_image_unrounded():
    hr = torch.rand(1, 3, 24, 32)
    batch = Bicubic(scale=4, quantize=False)({"hr": hr}, torch.Generator())
    assert torch.equal(batch["lr"], resize(hr, scale=1 / 4))
    with pytest.raises(SrcoreError, match="HR sides must be multiples of the scale 4, found 9x12"):
        Bicubic(scale=4)({"hr": torch.rand(1, 3, 9, 12)}, torch.Generator())


@pytest.mark.gpu
def test_cuda_agrees_with_the_cpu():
    image = torch.rand(2, 3, 300, 410)
    for scale in (1 / 4, 2):
        got = resize(image.cuda(), scale=scale).cpu()
        torch.testing.assert_close(got, resize(image, scale=scale), rtol=0, atol=1e-6)
