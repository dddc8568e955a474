"""Strips say what they show and can be taken apart again."""

import numpy as np
import pytest
import torch

import srcore
from srcore.engine.validation_sets import ValidationImage
from srcore.errors import DataError
from srcore.images import png_text, read_rgb, with_png_text, write_image
from srcore.launching.stages import run_experiment
from srcore.report.reading import read_run
from srcore.runs import RunFolder
from srcore.runs.strips import (
    bicubic_of,
    file_names,
    read_strip,
    remove_earlier,
    write_strip,
)
from srcore.transforms.resize import resize_uint8


@pytest.fixture
def result(generator):
    def make(*, truth=True):
        sr, hr = generator.integers(0, 256, (2, 18, 22, 3), np.uint8)
        lr = generator.integers(0, 256, (9, 11, 3), np.uint8)
        return ValidationImage(
            index=3, name="Löwe <2>", values={"psnr": 31.5}, lr=lr, sr=sr, hr=hr if truth else None
        )

    return make


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.mark.parametrize("truth", [True, False])
def test_a_strip_is_read_back_pixel_by_pixel(result, tmp_path, truth):
    image = result(truth=truth)
    path = write_strip(tmp_path / "a.png", image, set_name="my_set", bicubic_values={"psnr": 30.0})
    strip = read_strip(path)
    assert (strip.set_name, strip.image) == ("my_set", "Löwe <2>")
    assert [column.name for column in strip.columns] == ["bicubic", "trained", "ground truth"][
        : 2 + truth
    ]
    assert [dict(column.values) for column in strip.columns[:2]] == [{"psnr": 30.0}, {"psnr": 31.5}]
    np.testing.assert_array_equal(strip.columns[0].picture, resize_uint8(image.lr, size=(18, 22)))
    np.testing.assert_array_equal(strip.columns[0].picture, bicubic_of(image))
    np.testing.assert_array_equal(strip.columns[1].picture, image.sr)
    if truth:
        np.testing.assert_array_equal(strip.columns[2].picture, image.hr)


def test_equal_results_are_equal_files(result, tmp_path):
    image = result()
    first, second = (
        write_strip(tmp_path / name, image, set_name="s", bicubic_values={}).read_bytes()
        for name in ("a.png", "b.png")
    )
    assert first == second


def test_other_pictures_are_no_strips(tmp_path, generator):
    write_image(tmp_path / "a.png", generator.integers(0, 256, (9, 9, 3), np.uint8))
    assert read_strip(tmp_path / "a.png") is None
    (tmp_path / "b.png").write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"b\.png: not an image"):
        read_strip(tmp_path / "b.png")


def test_a_text_leaves_the_pixels_alone(tmp_path, generator):
    image = generator.integers(0, 256, (9, 9, 3), np.uint8)
    path = tmp_path / "a.png"
    write_image(path, image)
    assert png_text(path, "key") is None
    path.write_bytes(with_png_text(path.read_bytes(), "key", "Straße 日本"))
    assert png_text(path, "key") == "Straße 日本"
    np.testing.assert_array_equal(read_rgb(path), image)


def test_every_image_of_a_set_has_a_picture_of_its_own():
    names = ["a", "x/a", "x_a", "x/a_2", "a" * 300, "a" * 300 + "b", "?", "\udcff", "ü" * 100]
    files = file_names(names)
    assert files[:3] == ["a", "x_a", "x_a_2"]
    assert len(set(files)) == len(names)
    assert all(len(file.encode()) <= 130 and not set(file) & set('/\\:?"') for file in files)


def test_images_of_one_name_in_two_folders_have_a_picture_each(tiny_experiment, tmp_path):
    images = tmp_path / "val"
    for index, name in enumerate(("x/a.png", "y/a.png", "y/a.jpg")):
        image = np.random.default_rng(index).integers(0, 256, (32, 32, 3), np.uint8)
        write_image(images / name, image, durable=False)
    overrides = [
        "train.iterations=2",
        "train.images=3",
        "train.log_every=1",
        f"data.validation.tiny.hr={images}",
        "data.validation.tiny.recursive=true",
    ]
    run_experiment(srcore.load_experiment(tiny_experiment, overrides), tmp_path)
    folder = tmp_path / "tiny/images/iteration_00000002"
    assert sorted(file.name for file in folder.iterdir()) == [
        "tiny_x_a.png",
        "tiny_y_a_jpg.png",
        "tiny_y_a_png.png",
    ]
    strips = [read_strip(file) for file in sorted(folder.iterdir())]
    assert [strip.image for strip in strips] == ["x/a", "y/a_jpg", "y/a_png"]
    truth = strips[0].columns[2].picture
    np.testing.assert_array_equal(truth, read_rgb(images / "x/a.png"))


@pytest.mark.parametrize(
    ("keep", "best", "left"),
    [
        (0, 3, [1, 2, 3, 4, 5]),
        (1, 3, [3, 5]),
        (2, 5, [4, 5]),
        (9, 1, [1, 2, 3, 4, 5]),
        (1, None, [5]),
    ],
)
def test_pictures_of_the_newest_and_the_best_validation_stay(tmp_path, keep, best, left):
    for number in range(1, 6):
        folder = RunFolder(tmp_path).pictures_at(number)
        folder.mkdir(parents=True)
        (folder / "a.png").touch()
    (tmp_path / "images" / "iteration_mine").mkdir()
    remove_earlier(RunFolder(tmp_path), keep, best)
    iterations = sorted(int(path.name[-8:]) for path in (tmp_path / "images").glob("iteration_0*"))
    assert iterations == left
    assert (tmp_path / "images" / "iteration_mine").is_dir()


def test_a_run_keeps_as_many_pictures_as_asked_for(tiny_experiment, tmp_path):
    settings = ["train.keep_images=1", "train.validate_every=1", "train.iterations=4"]
    run_experiment(srcore.load_experiment(tiny_experiment, settings), tmp_path)
    best = int(torch.load(tmp_path / "tiny/checkpoints/best.pt")["best"]["iteration"])
    left = {int(path.name[-8:]) for path in (tmp_path / "tiny/images").iterdir()}
    assert left == {best, 4}


def test_bicubic_stands_beside_during_the_run(tiny_experiment, tmp_path):
    settings = ["train.iterations=3"]
    run_experiment(srcore.load_experiment(tiny_experiment, settings), tmp_path)
    folder = tmp_path / "tiny"
    (folder / "finished.json").unlink()
    (record,) = read_run(folder)
    assert record.bicubic["tiny"]["psnr"] > 30
