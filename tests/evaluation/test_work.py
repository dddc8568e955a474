from pathlib import Path

import attrs
import numpy as np
import pytest

from srcore.errors import DataError
from srcore.evaluation.evaluating import Contender, choose_measures, evaluate_set
from srcore.evaluation.image_sets import find_sets
from srcore.evaluation.interpolation import interpolation
from srcore.evaluation.measure import Measure
from srcore.evaluation.record import MeasuredRecord
from srcore.evaluation.work import MeasuringWork
from srcore.images import write_image
from srcore.plugin.manager import plugins
from srcore.testing import tiny_image, write_tiny_images


@pytest.fixture
def images(tmp_path):
    (image_set,) = find_sets(str(write_tiny_images(tmp_path / "Toy", 5)), 2)
    return image_set


class Spread:
    """A metric of whole sets, whose value depends on the order of the images."""

    def __call__(self, sr, hr, *, crop_border):
        return sr.mean((0, 1))

    def combine(self, values):
        weights = np.arange(1.0, len(values) + 1)
        return float((np.stack(values).mean(1) * weights).sum())


@attrs.define
class Counting:
    """A contender in this process; it fails when it is asked once too often."""

    left: int = 100
    count: int = 0

    def __call__(self, lr):
        self.count += 1
        if self.count > self.left:
            raise KeyboardInterrupt
        return lr.repeat(2, 0).repeat(2, 1)


def measured(images, network, *, settings="same", resume=False, **more):
    measures = [
        *choose_measures("psnr,ssim,niqe", registry=plugins().registry),
        Measure("spread", Spread()),
    ]
    contenders = [interpolation("bicubic", 2), Contender("net", 2, network)]
    work = MeasuringWork(record=MeasuredRecord(settings, resume=resume))
    return evaluate_set(images, contenders, measures, work=work, **more)


def test_an_evaluation_that_was_stopped_goes_on_to_the_same_result(images):
    whole = measured(images, Counting(), settings="whole")
    with pytest.raises(KeyboardInterrupt):
        measured(images, Counting(left=3))
    counting, steps = Counting(), []
    resumed = measured(images, counting, resume=True, progress=lambda: steps.append(1))
    assert resumed == whole
    assert counting.count == 2
    assert len(steps) == 10
    assert measured(images, counting, resume=True, crop_border=3) != whole
    assert counting.count == 2 + 5, "the border belongs to what an image is known by"
    measured(images, counting)
    assert counting.count == 7 + 5, "nobody asked to go on"


def test_files_that_changed_are_measured_again(images, tmp_path):
    measured(images, Counting())
    write_image(tmp_path / "Toy" / "02.png", tiny_image(77))
    counting = Counting()
    resumed = measured(images, counting, resume=True)
    assert counting.count == 1
    assert resumed == measured(images, Counting())


def test_images_that_cannot_be_read_are_told_every_time(images, tmp_path):
    (tmp_path / "Toy" / "01.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="not an image"):
        measured(images, Counting())
    told = []
    for resume in (False, True):
        result = measured(
            images, Counting(), resume=resume, on_failure=lambda name, error: told.append(name)
        )
        assert result.images == ["00", "02", "03", "04"]
        assert [len(row.values["psnr"]) for row in result.rows] == [4, 4]
    assert told == ["01", "01"]


@attrs.frozen
class Writer:
    """Writes an empty file for every image."""

    folder: Path

    def __call__(self, pictures):
        (self.folder / pictures.image).touch()

    def is_written(self, set_name, image, contenders):
        assert (set_name, list(contenders)) == ("Toy", ["bicubic", "net"])
        return (self.folder / image).exists()


def test_an_image_counts_when_what_is_written_of_it_is_there(images, tmp_path):
    look = Writer(tmp_path)
    measured(images, Counting(), look=look, is_written=look.is_written)
    (tmp_path / "03").unlink()
    counting = Counting()
    measured(images, counting, resume=True, look=look, is_written=look.is_written)
    assert counting.count == 1
    assert (tmp_path / "03").exists()


@pytest.mark.slow
def test_any_number_of_processes_comes_to_the_same_bits(tmp_path):
    (images,) = find_sets(str(write_tiny_images(tmp_path / "Toy", 9, height=200, width=300)), 2)
    (tmp_path / "Toy" / "04.png").write_bytes(b"no image")
    measures = [
        *choose_measures("psnr,ssim,ms_ssim,niqe,psnr:y_channel=false", plugins().registry),
        Measure("spread", Spread()),
    ]
    names = ("bicubic", "nearest", "opencv")
    contenders = [*(interpolation(name, 2) for name in names), Contender("net", 2, Counting())]

    def result(processes, contenders, measures):
        told = []
        work = MeasuringWork(
            processes=processes, record=MeasuredRecord(str(processes), resume=True)
        )
        measured = evaluate_set(
            images, contenders, measures, work=work, on_failure=lambda *it: told.append(it[0])
        )
        assert told == ["04"]
        return measured

    one = result(1, contenders, measures)
    assert result(2, contenders, measures) == one
    alone = result(3, contenders[:3], measures[:-1])  # all of it is done by the others
    for row, expected in zip(alone.rows, one.rows, strict=False):
        assert row.values == expected.values
