import pytest
import torch
from srplug_dlsn.transforms import BlurDownscale

from srcore.errors import SrcoreError


def test_a_constant_image_stays_and_sizes_shrink():
    batch = BlurDownscale(scale=3)({"hr": torch.full((2, 3, 30, 36), 51 / 255)}, torch.Generator())
    torch.testing.assert_close(batch["lr"], torch.full((2, 3, 10, 12), 51 / 255))


def test_blur_is_the_normalized_gaussian():
    hr = torch.zeros(1, 1, 33, 33)
    hr[0, 0, 16, 16] = 1
    lr = BlurDownscale(scale=1, quantize=False)({"hr": hr}, torch.Generator())["lr"]
    taps = torch.exp(-(torch.arange(-3.0, 4.0) ** 2) / (2 * 1.6**2))
    taps /= taps.sum()
    torch.testing.assert_close(lr[0, 0, 13:20, 13:20], taps[:, None] * taps, rtol=0, atol=1e-6)


def test_missing_hr_is_named():
    with pytest.raises(SrcoreError, match='needs "hr", but the batch holds lr'):
        BlurDownscale(scale=3)({"lr": torch.zeros(1)}, torch.Generator())
