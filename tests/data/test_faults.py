"""Many faulty images are one line with a count, the first five and a hint."""

from types import SimpleNamespace

import numpy as np
import pytest

import srcore
from srcore.datasets.options import HrFolderOptions, PairedFolderOptions
from srcore.errors import ConfigError
from srcore.images import write_image
from srcore.launching.stages import run_experiment
from srcore.testing.experiments import load_checked


def folder(path, height, width, count=7):
    for number in range(count):
        image = np.full((height, width, 3), number, np.uint8)
        write_image(path / f"{number}.png", image, durable=False)
    return path


def found(options, scale=4):
    return list(options.problems(SimpleNamespace(scale=scale)))


def test_many_small_images_are_one_line(tmp_path):
    path = folder(tmp_path / "hr", 40, 12)
    [(key, message)] = found(HrFolderOptions(hr=path, hr_patch_size=16))
    names = ", ".join(f"{path / str(number)}.png (12x40)" for number in range(5))
    assert key == "hr"
    assert message == (
        f"7 of 7 images are smaller than the crop of 16x16: {names} and 2 more; leave them out, "
        'crop less, continue them with min_size = "pad", or set data.train.on_bad_image = "skip"'
    )
    assert (message.number, message.total) == (7, 7)


def test_many_unreadable_images_are_one_line(tmp_path):
    path = folder(tmp_path / "hr", 16, 16)
    for number in range(6):
        (path / f"{number}.png").write_bytes(b"")
    [(_, message)] = found(HrFolderOptions(hr=path))
    assert message.startswith(f"6 of 7 images cannot be read: {path / '0.png'}: the file is empty,")
    assert 'and 1 more; leave them out, or set data.train.on_bad_image = "skip"' in message


@pytest.mark.parametrize(
    ("hr", "lr", "hint"),
    [
        ((8, 12), (32, 48), "HR and LR look swapped: exchange the folders hr and lr"),
        (
            (32, 48),
            (16, 24),
            "LR is x2 of what scale 4 expects: name its folder of scale 4, or set",
        ),
        ((32, 48), (32, 48), "LR is x4 of what scale 4 expects"),
        ((32, 48), (4, 6), "LR is x0.5 of what scale 4 expects: name its folder of scale 4, or se"),
        ((32, 48), (7, 24), "each low-resolution side is the high-resolution one divided by scale"),
    ],
)
def test_pairs_that_do_not_fit_have_a_hint(tmp_path, hr, lr, hint):
    options = PairedFolderOptions(hr=folder(tmp_path / "h", *hr), lr=folder(tmp_path / "l", *lr))
    [(key, message)] = found(options)
    assert key == "lr"
    assert message.startswith("7 of 7 pairs do not fit scale 4: ")
    assert f"and 2 more; {hint}" in message


def test_skipping_covers_what_headers_show_and_counts_it(tiny_experiment, tmp_path, caplog):
    images = tiny_experiment.parent / "train"
    (images / "empty.png").write_bytes(b"")
    write_image(images / "small.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ConfigError) as caught:
        load_checked(tiny_experiment)
    assert len(caught.value.problems) == 2
    settings = ["data.train.on_bad_image=skip"]
    with caplog.at_level("WARNING", logger="srcore"):
        run_experiment(srcore.load_experiment(tiny_experiment, settings), tmp_path / "runs")
    assert "empty.png: the file is empty; others take their place" in caplog.text
    assert "small.png: 8x8 pixels (width x height), smaller than the crop" in caplog.text
    assert caplog.text.count("empty.png: the file is empty; another image takes its place") <= 1


def test_skipping_everything_is_an_error(tiny_experiment):
    settings = ["data.train.on_bad_image=skip", "data.train.hr_patch_size=64"]
    with pytest.raises(ConfigError, match="6 of 6 images are smaller than the crop of 64x64"):
        load_checked(tiny_experiment, settings)


def test_faulty_validation_images_are_never_skipped(tiny_experiment):
    (tiny_experiment.parent / "validation" / "00.png").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"data\.validation\.tiny\.hr: .*the file is empty"):
        load_checked(tiny_experiment, ["data.train.on_bad_image=skip"])
