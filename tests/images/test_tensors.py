import numpy as np
import pytest
import torch

from srcore.images import to_float, to_image, to_tensor


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_round_trip_keeps_every_level(dtype):
    image = np.arange(0, np.iinfo(dtype).max + 1, dtype=np.int64).astype(dtype)
    image = np.resize(image, (image.size // 4, 4, 1))
    tensor = to_tensor(image)
    assert tensor.dtype == torch.float32
    assert tensor.min() == 0
    assert tensor.max() == 1
    np.testing.assert_array_equal(to_image(tensor, dtype), image)


def test_halves_are_rounded_to_even_and_values_clamped():
    tensor = torch.tensor([0.5, 1.5, 2.5, 300.0, -7.0]).view(1, 1, 5) / 255
    assert to_image(tensor).ravel().tolist() == [0, 2, 2, 255, 0]


def test_batches_become_channels_first():
    images = torch.randint(0, 256, (2, 3, 4, 3), dtype=torch.uint8)
    batch = to_float(images)
    assert batch.shape == (2, 3, 3, 4)
    assert batch.is_contiguous()
    torch.testing.assert_close(batch[1, 2, 0, 3], images[1, 0, 3, 2] / 255)


def test_half_precision_is_rounded_in_float32():
    tensor = torch.full((3, 1, 1), 0.999, dtype=torch.bfloat16)
    assert to_image(tensor)[0, 0, 0] == round(float(tensor[0]) * 255)
