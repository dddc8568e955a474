"""Values of validation sets: means over images, and metrics of whole sets."""

import numpy as np
import pytest
import torch
from torch import nn

from srcore.engine.validation_sets import ValidationSet, validate_image
from srcore.errors import SrcoreError
from srcore.evaluation.measure import Measure, averages_of
from srcore.inference import windowed_network


class Difference:
    """A metric of images."""

    higher_is_better = False

    def __call__(self, sr, hr, *, crop_border):
        inner = slice(crop_border, -crop_border or None)
        return np.abs(sr[inner, inner].astype(float) - hr[inner, inner]).mean()


class LargestDifference(Difference):
    """A metric of sets."""

    def combine(self, values):
        return max(values)


class Images:
    """Flat images: LR of 1, HR of 3 + index gray levels."""

    def __len__(self):
        return 3

    def name(self, index):
        return str(index)

    def sample(self, index, generator):
        return {
            "lr": np.ones((4, 4, 3), np.uint8),
            "hr": np.full((4, 4, 3), 3 + index, np.uint8),
        }


def test_metrics_of_sets_combine_what_they_kept_of_every_image():
    measured = [
        Measure("mean", Difference(), 1, needs_hr=True),
        Measure("largest", LargestDifference(), 0, needs_hr=True),
    ]
    images = ValidationSet("flat", Images(), [])
    results = [
        validate_image(
            nn.Identity(), images, index, 0, torch.device("cpu"), measured, keep=index == 0
        )
        for index in range(3)
    ]
    assert [result.values for result in results] == [{"mean": 2}, {"mean": 3}, {"mean": 4}]
    summary = averages_of(results, measured)
    assert summary.averages == {"mean": 3, "largest": 4}
    assert results[0].hr is not None
    assert results[1].hr is None


class Diverged(nn.Module):
    def forward(self, lr):
        return lr / lr.new_zeros(())


def test_output_that_is_not_finite_has_no_psnr():
    measured = [Measure("mean", Difference(), 0, needs_hr=True)]
    images = ValidationSet("flat", Images(), [])
    expected = r"what the averaged generator makes of flat/1 is not finite \(NaN or infinite\)"
    with pytest.raises(SrcoreError, match=expected):
        validate_image(
            Diverged(), images, 1, 0, torch.device("cpu"), measured, keep=False,
            network_name="the averaged generator",
        )  # fmt: skip


class LittleMemory(nn.Module):
    """A network that cannot take more than some pixels at once."""

    scale = 2

    def __init__(self, most, layers=1):
        super().__init__()
        torch.manual_seed(0)
        self.most = most
        self.inner = nn.Sequential(*(nn.Conv2d(3, 3, 3, padding=1) for _ in range(layers)))

    def forward(self, lr):
        if lr.shape[-1] * lr.shape[-2] > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 99 GiB")
        return torch.sigmoid(nn.functional.interpolate(self.inner(lr), scale_factor=2))


class Photograph(Images):
    def sample(self, index, generator):
        generator = np.random.default_rng(index)
        return {"lr": generator.integers(0, 256, (70, 90, 3), np.uint8)}


class Mean(nn.Module):
    """Looks at the whole image, a little."""

    def forward(self, lr):
        return lr + 1e-4 * lr.mean((-2, -1), keepdim=True)


@pytest.mark.parametrize(("last", "in_tiles"), [(nn.Identity(), False), (Mean(), True)])
def test_images_beyond_the_memory_are_validated_in_parts(caplog, monkeypatch, last, in_tiles):
    """By rows, which lack no context, where a network allows it."""
    caplog.set_level("INFO", logger="srcore")
    tiles, blend = [], windowed_network.blend

    def noted(*arguments):
        tiles.append(arguments)
        return blend(*arguments)

    monkeypatch.setattr(windowed_network, "blend", noted)
    network = LittleMemory(most=70 * 90, layers=12)
    network.inner.append(last)
    images = ValidationSet("large", Photograph(), [])
    measured = (images, 0, 0, torch.device("cpu"), [])
    whole = validate_image(network, *measured, keep=True).sr
    assert not caplog.records
    network.most = 50 * 50
    tiled = validate_image(network, *measured, keep=True).sr
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert bool(tiles) == in_tiles
    assert "out of memory for an image of 90x70; in parts" in caplog.text
