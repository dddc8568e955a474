import re

import pytest

import srcore
from srcore.testing.tiny_images import write_tiny_images


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("result")
    images = write_tiny_images(folder / "images", 2)
    data = {"type": "hr_folder", "hr": images, "hr_patch_size": 32, "workers": 0}
    validation = {"type": "hr_folder", "hr": images}
    return srcore.run(
        {
            "name": "tiny", "scale": 2, "losses": [{"type": "l1"}],
            "generator": {"type": "edsr", "num_features": 8, "num_blocks": 1},
            "train": {"iterations": 4, "batch_size": 2, "device": "cpu", "tensorboard": False,
                      "log_every": 1, "validate_every": 2},
            "data": {"train": data, "validation": {"set5": validation}},
        },
        folder / "runs",
    )  # fmt: skip


def test_it_says_where_the_run_lies_and_what_it_made(result):
    assert result.folder.name == "tiny"
    assert result.stages == {"": result.folder}
    assert result.last == result.folder / "generator.safetensors"
    assert result.best == result.folder / "generator_best.safetensors"
    assert result.pictures
    assert all(path.is_file() for path in result.pictures)
    assert srcore.load_generator(result.best).scale == 2
    assert str(result) == result.table
    assert "psnr" in result.table


def test_its_metrics_are_columns(result):
    columns = result.metrics
    assert len(set(map(len, columns.values()))) == 1
    assert columns["iteration"][-1] == 4
    assert {"l1", "psnr"} <= set(columns)


def test_a_notebook_shows_table_and_curves(result):
    page = result._repr_html_()
    assert page.count("<svg") == page.count("<figure") >= 3
    assert "set5" in page
    assert "<script" not in page
    assert not re.findall(r"https?://", page)


def test_the_text_that_it_was_is_told_of(result):
    with pytest.warns(DeprecationWarning, match=r"use result\.table\.splitlines"):
        assert result.splitlines() == result.table.splitlines()
    with pytest.raises(AttributeError, match="has no attribute"):
        _ = result.nothing
