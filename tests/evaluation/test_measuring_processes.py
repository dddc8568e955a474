from pathlib import Path

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.evaluation.evaluating import choose_measures
from srcore.evaluation.measure import Measure
from srcore.evaluation.measuring_processes import ImagePictures, Measuring
from srcore.plugin.manager import plugins
from srcore.testing import tiny_image


class Reader:
    """Gray ramps; the second one cannot be read."""

    def __len__(self):
        return 3

    def name(self, index):
        return str(index)

    def files(self, index):
        return [Path(f"{index}.png")]

    def read(self, index):
        if index == 1:
            raise DataError("1: unreadable")
        hr = tiny_image(index)
        return ImagePictures(str(index), hr[::2, ::2], hr, {"far": hr // 2})


class Sum:
    """A metric that nobody declared to be portable."""

    def __call__(self, sr, hr, *, crop_border):
        return float(sr.sum())


@pytest.fixture
def measuring():
    measures = [*choose_measures("psnr", plugins().registry), Measure("sum", Sum())]
    return Measuring(reader=Reader(), contenders=["far", "near"], measures=measures, border=0)


def test_portable_metrics_and_others_are_joined_for_all_contenders(measuring):
    seen = []

    class Look:
        def __call__(self, pictures):
            seen.append((pictures.image, sorted(pictures.sr)))

        def is_written(self, image):
            return True

    measuring = Measuring(
        reader=measuring.reader,
        contenders=measuring.contenders,
        measures=measuring.measures,
        border=0,
        look=Look(),
    )
    networks = {"near": lambda lr: lr.repeat(2, 0).repeat(2, 1)}
    first, second, third = measuring.of_each(range(3), networks, 1)
    assert str(second) == "1: unreadable"
    for number, result in ((0, first), (2, third)):
        hr = tiny_image(number)
        near = hr[::2, ::2].repeat(2, 0).repeat(2, 1)
        assert list(result) == ["far", "near"]
        assert result["near"].values["sum"] == near.sum()
        assert result["far"].values["sum"] == (hr // 2).sum()
        assert set(result["far"].values) == {"psnr", "sum"}
    assert seen == [("0", ["far", "near"]), ("2", ["far", "near"])]


def test_images_are_taken_one_by_one_by_one_process(measuring):
    taken = []

    def near(lr):
        taken.append(lr)
        return np.zeros((48, 48, 3), np.uint8)

    outcomes = measuring.of_each([0, 2], {"near": near}, 1)
    assert next(outcomes)["near"].values["sum"] == 0
    assert len(taken) == 1
