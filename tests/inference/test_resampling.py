import pytest
import torch

from srcore.inference.resampling import resample_bands
from srcore.transforms.resize import resize


@pytest.mark.parametrize("new_size", [(33, 40), (300, 201), (101, 60), (1, 1), (7, 500), (99, 77)])
@pytest.mark.parametrize("rows", [1, 7, 101])
def test_bands_give_what_the_whole_image_gives(new_size, rows):
    image = torch.rand(2, 101, 77, generator=torch.Generator().manual_seed(0))
    bands = list(resample_bands(image.split(rows, dim=1), (101, 77), new_size))
    torch.testing.assert_close(
        torch.cat(bands, dim=1), resize(image, size=new_size), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 50)])
def test_tiny_images_work(size):
    image = torch.rand(1, *size, generator=torch.Generator().manual_seed(0))
    (band,) = resample_bands([image], size, (5, 4))
    torch.testing.assert_close(band, resize(image, size=(5, 4)), atol=1e-6, rtol=0)
