from pathlib import Path

import pytest

from srcore.inference.jobs import JobError, plan


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in/2.png", "in/10.jpg", "in/deep/3.webp", "in/notes.txt", "in/.hidden.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def _plan(*inputs, output=None, recursive=False, scale=2, image_format="png"):
    tasks = plan(inputs, output, recursive=recursive, scale=scale, image_format=image_format)
    return {task.source.as_posix(): task.target.as_posix() for task in tasks}


def test_a_file_goes_beside_itself(folder):
    assert _plan("in/2.png") == {"in/2.png": "in/2_x2.png"}
    assert _plan("in/2.png", scale=1.5, image_format="jpeg") == {"in/2.png": "in/2_x1.5.jpg"}


def test_a_folder_goes_to_a_folder_beside_it_in_natural_order(folder):
    assert list(_plan("in").items()) == [
        ("in/2.png", "in_x2/2.png"),
        ("in/10.jpg", "in_x2/10.png"),
    ]
    assert _plan("in", recursive=True)["in/deep/3.webp"] == "in_x2/deep/3.png"


@pytest.mark.parametrize("output", ["out", "out/"])
def test_a_folder_goes_to_a_named_folder(folder, output):
    assert _plan("in", output=output, recursive=True)["in/deep/3.webp"] == "out/deep/3.png"


def test_patterns_are_expanded_by_the_program_too(folder):
    assert _plan("in/*.png", output="out/") == {"in/2.png": "out/2.png"}
    assert set(_plan("in/**/*.webp", output="out/")) == {"in/deep/3.webp"}


def test_an_output_may_be_a_file_or_a_template(folder):
    assert _plan("in/2.png", output="big.webp") == {"in/2.png": "big.webp"}
    assert _plan("in/2.png", output="o/{stem}_{suffix}_{scale}x.tif", scale=3) == {
        "in/2.png": "o/2_png_3x.tif"
    }
    assert _plan("in/2.png", output="o/{name}") == {"in/2.png": "o/2.png"}
    assert _plan("in/2.png", output="{folder}/big/{stem}") == {"in/2.png": "in/big/2.png"}


def test_results_of_an_earlier_job_are_no_inputs(folder):
    (folder / "in/2_x2.png").touch()
    assert set(_plan("in/*.png")) == {"in/2.png"}
    Path("in/out").mkdir()
    Path("in/out/2.png").touch()
    assert "in/out/2.png" not in _plan("in", output="in/out", recursive=True)


def test_a_missing_file_is_a_task_that_will_fail(folder):
    assert _plan("in/2.png", "nowhere.png", output="out/")["nowhere.png"] == "out/nowhere.png"


@pytest.mark.parametrize(
    ("inputs", "output", "message"),
    [
        (["in/deep/*.png"], None, r"no images in in/deep/\*\.png"),
        (["in"], "one.png", "one file for 2 inputs; name a folder, or a template"),
        (["in/2.png"], "one.gif", "unknown image format"),
        (["in/2.png"], "{steam}.png", "bad template .*fields are {stem}, {name}"),
        (["in/2.png"], "in/2.png", "in/2.png would be replaced by its own result"),
        (["in"], "same/{folder}.png", "would both become same/in.png; use a template"),
    ],
)
def test_jobs_that_cannot_be_are_refused_before_they_start(folder, inputs, output, message):
    with pytest.raises(JobError, match=message):
        _plan(*inputs, output=output)
