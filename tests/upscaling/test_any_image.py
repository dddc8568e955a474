import numpy as np
import pytest
import torch
from PIL import Image

import srcore
from srcore.errors import SrcoreError
from srcore.images import read_image, write_image
from srcore.testing.tiny_images import tiny_image


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1).eval()


def expected_of(network, image):
    return srcore.upscale(network, image)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
def test_floats_are_what_whole_numbers_are_before_they_are_rounded(network, dtype, channels):
    image = tiny_image(0, 12, 14)
    alpha = np.concatenate([image, tiny_image(1, 12, 14)[..., :1]], axis=2)
    image = alpha[..., 0] if channels is None else alpha[..., :channels]
    made = srcore.upscale(network, image.astype(dtype) / dtype(255))
    assert made.dtype == dtype
    assert made.shape == expected_of(network, image).shape
    assert np.abs(made.astype(float) * 255 - expected_of(network, image)).max() <= 0.75


def test_floats_keep_what_eight_bits_would_not():
    network = srcore.load_generator("x2")
    image = np.linspace(0.5, 0.501, 12 * 14 * 3, dtype=np.float32).reshape(12, 14, 3)
    assert len(np.unique(srcore.upscale(network, image))) > 500


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("shape", [(12, 14), (3, 12, 14), (1, 12, 14), (2, 3, 12, 14)])
def test_tensors_become_tensors(network, dtype, shape):
    image = torch.randint(0, 256, shape, dtype=torch.uint8)
    given = image if dtype == torch.uint8 else (image / 255).to(dtype)
    before = given.clone()
    made = srcore.upscale(network, given)
    assert made.dtype == dtype
    assert made.shape == (*shape[:-2], 24, 28)
    assert torch.equal(given, before)
    one = given[0] if len(shape) == 4 else given
    array = one.float().numpy() if dtype != torch.uint8 else one.numpy()
    array = array if one.dim() == 2 else array.transpose(1, 2, 0)
    whole = expected_of(network, np.ascontiguousarray(array))
    first = (made[0] if len(shape) == 4 else made).float().numpy()
    first = first if one.dim() == 2 else first.transpose(1, 2, 0)
    assert np.abs(first - whole).max() <= (0.005 if dtype == torch.bfloat16 else 1e-6)


@pytest.mark.parametrize(
    ("mode", "result"),
    [("L", "L"), ("LA", "LA"), ("RGB", "RGB"), ("RGBA", "RGBA"), ("P", "RGB"), ("1", "L"),
     ("CMYK", "RGB"), ("YCbCr", "RGB"), ("I;16", "I;16")],
)  # fmt: skip
def test_pil_images_become_pil_images(network, mode, result):
    if mode == "I;16":
        image = Image.fromarray(tiny_image(0, 12, 14)[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(tiny_image(0, 12, 14)).convert(mode)
    made = srcore.upscale(network, image)
    assert isinstance(made, Image.Image)
    assert (made.mode, made.size) == (result, (28, 24))
    same = image if mode in ("L", "LA", "RGB", "RGBA", "I;16") else image.convert(result)
    array = np.array(same, np.uint16) if mode == "I;16" else np.array(same)
    assert np.array_equal(np.array(made), expected_of(network, array))


def test_palettes_keep_what_is_transparent(network):
    image = Image.fromarray(tiny_image(0, 12, 14)).quantize(8)
    image.info["transparency"] = 3
    assert srcore.upscale(network, image).mode == "RGBA"


def test_files_become_arrays_and_names_networks(tmp_path):
    file = tmp_path / "a.png"
    write_image(file, tiny_image(0, 12, 14))
    made = srcore.upscale("x2", file)
    assert np.array_equal(made, srcore.upscale(srcore.load_generator("x2"), read_image(file)))
    assert srcore.upscale("x4", str(file), scale=3).shape == (36, 42, 3)


def test_arrays_that_may_not_be_written_to_are_read(network):
    image = tiny_image(0, 12, 14)
    image.flags.writeable = False
    assert srcore.upscale(network, image).shape == (24, 28, 3)


@pytest.mark.parametrize(
    ("image", "line"),
    [
        ([1, 2], "expected the path of a file, an array, a tensor or a PIL image, found list"),
        (np.full((4, 4), 255.0), r"expected floats in \[0, 1\], found 255 to 255"),
        (np.full((4, 4), np.nan), r"expected floats in \[0, 1\], found nan"),
        (np.full((4, 4), -0.1), r"expected floats in \[0, 1\]"),
        (np.zeros((4, 4), np.int32), "expected uint8, uint16 or floats"),
        (np.zeros((0, 4)), "expected uint8, uint16 or floats"),
        (torch.zeros(3), r"expected a tensor \(N, C, H, W\), \(C, H, W\) or \(H, W\)"),
        (Image.new("F", (4, 4)), 'of mode "F" does not say which value is white'),
        (Image.new("I", (4, 4)), 'of mode "I" does not say which value is white'),
    ],
)
def test_what_has_no_known_range_is_refused(network, image, line):
    with pytest.raises(SrcoreError, match=line):
        srcore.upscale(network, image)


def test_outscale_is_told_its_new_name(network):
    image = tiny_image(0, 12, 14)
    with pytest.warns(DeprecationWarning, match="outscale is called scale") as caught:
        made = srcore.upscale(network, image, outscale=3)
    assert caught[0].filename == __file__
    assert np.array_equal(made, srcore.upscale(network, image, scale=3))
