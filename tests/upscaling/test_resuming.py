import os

import numpy as np
import pytest

from srcore.upscaling.jobs import plan
from srcore.upscaling.output import write_bands
from srcore.upscaling.resuming import left_since, resumed


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def _plan(image_format="png"):
    return plan(["in"], "out", recursive=True, scale=2, image_format=image_format).tasks


def _do(tasks):
    """Write a result for every task; its pixels do not matter."""
    for task in tasks:
        band = np.zeros((2, 2, 3), np.uint8)
        write_bands(task.target, iter([band]), band.shape, band.dtype, origin=task.source.origin())


def _state(job):
    done = {str(result.task.source): result.status for result in job.results}
    return done, {str(task.source): str(task.target) for task in job.left}


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp", "tiff"])
def test_what_was_made_is_skipped_and_the_rest_is_left(folder, image_format):
    for name in ("a.png", "b.png"):
        (folder / name).write_text(name)
    _do(_plan(image_format)[:1])
    done, left = _state(resumed(_plan(image_format)))
    assert done == {"in/a.png": "skipped"}
    assert list(left) == ["in/b.png"]
    _do(_plan(image_format)[1:])
    assert _state(resumed(_plan(image_format)))[1] == {}


def test_the_result_of_another_input_is_not_taken_for_done(folder):
    (folder / "a.jpg").write_text("jpg")
    _do(_plan())
    (folder / "a.jpg").unlink()
    (folder / "a.png").write_text("png")
    job = resumed(_plan())
    assert _state(job) == ({}, {"in/a.png": "out/a_png.png"})
    assert job.notes == ["out/a.png was made from a.jpg: using out/a_png.png"]
    _do(job.left)
    assert _state(resumed(_plan())) == ({"in/a.png": "skipped"}, {})


def test_an_input_that_came_later_takes_nothing_from_the_first(folder):
    (folder / "a.jpg").write_text("jpg")
    _do(_plan())
    (folder / "a.png").write_text("png")
    job = resumed(_plan())
    assert _state(job) == ({"in/a.jpg": "skipped"}, {"in/a.png": "out/a_png.png"})
    assert [str(result.task.target) for result in job.results] == ["out/a.png"]


def test_an_input_that_changed_is_a_failure_that_says_what_to_do(folder):
    (folder / "a.png").write_text("old")
    _do(_plan())
    (folder / "a.png").write_text("new")
    job = resumed(_plan())
    assert _state(job) == ({"in/a.png": "failed"}, {})
    assert job.results[0].message == (
        "in/a.png: the output was made from another input: out/a.png from another file a.png; "
        "--overwrite replaces it, another --output keeps it"
    )
    assert job.results[0].reason == "the output was made from another input"


def test_results_that_do_not_say_where_they_come_from_count_as_done(folder):
    (folder / "a.png").write_text("a")
    (folder.parent / "out").mkdir()
    (folder.parent / "out/a.png").write_bytes(b"")
    assert _state(resumed(_plan())) == ({"in/a.png": "skipped"}, {})


@pytest.mark.parametrize("resume", [False, True])
def test_what_the_job_made_itself_is_done_and_older_files_count_if_it_resumes(folder, resume):
    for name in ("made.png", "old.png", "left.png"):
        (folder / name).write_text(name)
    tasks = {task.source.path.name: task for task in _plan()}
    _do([tasks["old.png"]])
    began = tasks["old.png"].target.stat().st_mtime_ns + 10**9
    _do([tasks["made.png"]])
    os.utime(tasks["made.png"].target, ns=(began, began))
    job = left_since(list(tasks.values()), began, print, resume=resume)
    done, left = _state(job)
    assert done == {"in/made.png": "done"} | ({"in/old.png": "skipped"} if resume else {})
    assert set(left) == {"in/left.png"} | (set() if resume else {"in/old.png"})
    assert job.results[0].size == (2, 2)
