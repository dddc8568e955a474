import numpy as np
import pytest
import torch

from srcore.transforms.resize import resize, resize_uint8

#: Dialect and type of the pixels.
KINDS = [
    ("matlab", np.uint8),
    ("matlab", np.uint16),
    ("matlab_uint8", np.uint8),
    ("opencv", np.uint8),
    ("opencv", np.uint16),
]


def whole(array, dialect, **how):
    """All of the image in float64 at once."""
    peak = np.iinfo(array.dtype).max
    planes = np.moveaxis(array, -1, 0) if array.ndim == 3 else array
    values = torch.from_numpy(np.ascontiguousarray(planes, dtype=np.float64))
    if dialect == "opencv":
        levels = resize(values, dialect=dialect, **how).round()
    else:
        levels = (resize(values / peak, dialect=dialect, **how) * peak + 0.5).floor()
    result = levels.clamp(0, peak).numpy().astype(array.dtype)
    return np.moveaxis(result, 0, -1) if array.ndim == 3 else result


def images(shape, dtype, generator):
    """Random ones, and such whose results are halves and beyond the range."""
    peak = int(np.iinfo(dtype).max)
    y, x = np.indices(shape[:2])
    drawn = {
        "constant": np.full_like(x, generator.integers(peak)),
        "checkerboard": (x + y) % 2 * peak,
        "odd checkerboard": (x + y) % 2 * (peak - 2),
        "stripes of neighboring levels": peak // 2 + x % 2,
        "ramp": (3 * x + y) % (peak + 1),
        "edges": (x // 5 + y // 7) % 2 * peak,
        "black and white": generator.choice([0, peak], shape[:2]),
    }
    yield "random", generator.integers(0, peak + 1, shape).astype(dtype)
    for name, plane in drawn.items():
        channels = plane if len(shape) == 2 else np.stack([plane] * shape[2], axis=-1)
        yield name, channels.astype(dtype)


@pytest.mark.parametrize(("dialect", "dtype"), KINDS)
@pytest.mark.parametrize(
    ("shape", "how"),
    [
        ((212, 268, 3), {"scale": 1 / 4}),
        ((263, 301), {"scale": 1 / 2}),
        ((262, 259, 4), {"size": (129, 161)}),
        ((150, 141, 1), {"scale": 1.5}),
        ((121, 130), {"scale": 3}),
        ((6, 3000, 3), {"scale": 1 / 3}),
        ((2100, 5), {"scale": 1 / 4}),
        ((9, 7, 3), {"scale": 2}),
        ((1, 1), {"size": (3, 2)}),
    ],
)
def test_every_pixel_is_that_of_the_whole_image_in_float64(dialect, dtype, shape, how):
    widenings = [None] if dialect == "opencv" else [None, False]
    for name, image in images(shape, dtype, np.random.default_rng(0)):
        for antialias in widenings:
            got = resize_uint8(image, dialect=dialect, antialias=antialias, **how)
            expected = whole(image, dialect, antialias=antialias, **how)
            np.testing.assert_array_equal(got, expected, err_msg=f"{name}, antialias {antialias}")


def test_random_sizes_give_the_pixels_of_the_whole_image():
    generator = np.random.default_rng(1)
    for number in range(40):
        dialect, dtype = KINDS[number % len(KINDS)]
        height, width, new_height, new_width = (int(side) for side in generator.integers(1, 300, 4))
        shape = [(height, width), (height, width, 3)][number % 2]
        image = generator.integers(0, int(np.iinfo(dtype).max) + 1, shape).astype(dtype)
        size = new_height, new_width
        np.testing.assert_array_equal(
            resize_uint8(image, dialect=dialect, size=size),
            whole(image, dialect, size=size),
            err_msg=f"{shape} to {size}, {dialect}, {dtype.__name__}",
        )


def test_views_and_read_only_arrays_are_taken():
    image = np.random.default_rng(2).integers(0, 256, (300, 310, 4), dtype=np.uint8)
    mirrored = image[::-1, ::-1, :3]
    expected = resize_uint8(mirrored.copy(), scale=1 / 2)
    mirrored.setflags(write=False)
    np.testing.assert_array_equal(resize_uint8(mirrored, scale=1 / 2), expected)
    plane = image[..., 1].copy()
    plane.setflags(write=False)
    np.testing.assert_array_equal(
        resize_uint8(plane, scale=1 / 2), resize_uint8(image, scale=1 / 2)[..., 1]
    )
    assert resize_uint8(image[..., :0], scale=1 / 2).shape == (150, 155, 0)
