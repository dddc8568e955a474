"""The downscaled output against the low-resolution image."""

import numpy as np
import pytest
import torch

from srcore import SrcoreError
from srcore.contracts import LossContext
from srcore.losses.consistency import ConsistencyLoss, downscaled
from srcore.transforms.resize import resize_uint8


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def value(sr, lr, **keys):
    return float(ConsistencyLoss(**keys)(LossContext({"lr": lr}, sr, iteration=1)))


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("downscale", ["matlab", "opencv", "area"])
def test_images_are_consistent_with_those_made_of_them(scale, downscale):
    hr = rand(2, 3, 4 * scale, 5 * scale)
    lr = downscaled(hr, scale, downscale)
    assert lr.shape == (2, 3, 4, 5)
    assert value(hr, lr, downscale=downscale) == 0
    assert value(hr + 0.25, lr, downscale=downscale) == pytest.approx(0.25)
    assert value(hr + 0.5, lr, downscale=downscale, criterion="mse") == pytest.approx(0.25)


def test_matlab_is_that_of_the_files_of_the_field():
    hr = (rand(1, 3, 16, 24) * 255).round()
    files = resize_uint8(hr[0].permute(1, 2, 0).numpy().astype(np.uint8), scale=0.25)
    lr = torch.from_numpy(files).permute(2, 0, 1)[None] / 255
    assert value(hr / 255, lr) <= 0.5 / 255  # the files are rounded


def test_area_is_the_mean_of_squares():
    hr = rand(1, 1, 6, 9)
    means = [[float(hr[0, 0, y : y + 3, x : x + 3].mean()) for x in (0, 3, 6)] for y in (0, 3)]
    assert torch.allclose(downscaled(hr, 3, "area")[0, 0], torch.tensor(means).double())


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (1, 1, 4, 4), (2, 3, 4, 4), (1, 3, 9, 9)])
def test_images_that_are_no_multiple_are_refused(shape):
    with pytest.raises(SrcoreError, match=r'^loss "consistency": the batch entry "lr" has shape'):
        value(rand(1, 3, 8, 8), torch.zeros(shape))
