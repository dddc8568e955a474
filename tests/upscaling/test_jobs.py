from pathlib import Path

import click
import pytest

from srcore.cli import upscale
from srcore.images import format_names, written_suffixes
from srcore.upscaling.jobs import JobError, plan
from srcore.upscaling.output import SAME


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in/2.png", "in/10.jpg", "in/deep/3.webp", "in/notes.txt", "in/.hidden.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def _plan(*inputs, output=None, recursive=False, scale=2, image_format="png"):
    planned = plan(inputs, output, recursive=recursive, scale=scale, image_format=image_format)
    return {task.source.path.as_posix(): task.target.as_posix() for task in planned.tasks}


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


def test_names_that_are_equal_on_some_systems_are_told_apart_on_all(folder):
    for name in ("up/A.png", "up/a.jpg", "up/B.png", "up/b.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert _plan("up", output="out") == {
        "up/A.png": "out/A_png.png",
        "up/a.jpg": "out/a_jpg.png",
        "up/B.png": "out/B_png.png",
        "up/b.png": "out/b_png_2.png",
    }


@pytest.mark.parametrize("link", ["in/link", "in/deep/link"])
def test_results_that_links_lead_to_are_no_inputs(folder, link):
    (folder / "out/below").mkdir(parents=True)
    (folder / "out/below/1.png").touch()
    (folder / link).symlink_to(folder / "out")
    assert set(_plan("in", output="out", recursive=True)) == {
        "in/2.png",
        "in/10.jpg",
        "in/deep/3.webp",
    }
    planned = set(_plan("in", output="in/../in/other", recursive=True))
    assert f"{link}/below/1.png" in planned


def test_results_of_inputs_with_equal_stems_are_told_apart(folder):
    for name in ("in/2.jpg", "other/2.png", "in/2_png.webp"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert _plan("in") == {
        "in/2.jpg": "in_x2/2_jpg.png",
        "in/2.png": "in_x2/2_png_2.png",
        "in/2_png.webp": "in_x2/2_png.png",
        "in/10.jpg": "in_x2/10.png",
    }
    assert _plan("in/2.jpg", "in/2.png")["in/2.jpg"] == "in/2_jpg_x2.png"
    assert _plan("in/2.png", "other/2.png", output="out") == {
        "in/2.png": "out/in/2.png",
        "other/2.png": "out/other/2.png",
    }
    assert _plan("in/2.png", "in/deep/3.webp", "other", "in/2.jpg", output="out/") == {
        "in/2.png": "out/in/2_png.png",
        "in/deep/3.webp": "out/3.png",
        "other/2.png": "out/other/2.png",
        "in/2.jpg": "out/in/2_jpg.png",
    }


def test_what_is_left_out_or_renamed_is_said(folder):
    Path("in/2.jpg").touch()
    Path("in/b.TXT").touch()
    Path("in/Makefile").touch()
    planned = plan(["in"], None, recursive=False, scale=2, image_format="png")
    assert planned.notes == [
        "in: left out 3 files, not images by name: 2 .txt, 1 without suffix",
        "in: left out 1 folder below; --recursive takes them",
        "inputs of equal names are told apart: in/2.jpg -> in_x2/2_jpg.png, "
        "in/2.png -> in_x2/2_png.png",
    ]
    planned = plan(["in/*"], None, recursive=False, scale=2, image_format="png")
    assert "left out 3 files" in planned.notes[0]


def test_linked_folders_are_followed_but_not_in_circles(folder):
    Path("elsewhere").mkdir()
    Path("elsewhere/7.png").touch()
    Path("in/linked").symlink_to(Path("elsewhere").absolute())
    for name in ("in/up", "in/again", "elsewhere/back", "in/deep/self"):
        Path(name).symlink_to(Path("in").absolute())
    Path("in/deep/loop").symlink_to("loop")
    Path("in/gone.png").symlink_to("nowhere.png")
    paths = {"in/2.png", "in/10.jpg", "in/gone.png", "in/deep/3.webp", "in/linked/7.png"}
    assert set(_plan("in", recursive=True)) == paths
    assert set(_plan("in/**/*.*", output="out/")) == paths


def test_files_named_twice_are_done_once(folder):
    assert len(_plan("in", "./in/2.png", "in/*.png", str(Path("in/2.png").absolute()))) == 2


def test_names_that_no_file_can_have_are_tasks_that_will_fail(folder):
    for name in ("x" * 5000 + ".png", "x" * 300, "in/\0.png"):
        assert len(_plan(name, output="out/")) == 1
        with pytest.raises(JobError, match="no images in"):
            _plan("*" + name)


def test_a_missing_file_is_a_task_that_will_fail(folder):
    assert _plan("in/2.png", "nowhere.png", output="out/")["nowhere.png"] == "out/nowhere.png"


@pytest.mark.parametrize(
    ("inputs", "output", "message"),
    [
        (["in/deep/*.png"], None, r"no images in in/deep/\*\.png"),
        (["in"], "one.png", "one file for 2 inputs; name a folder, or a template"),
        (["in/2.png"], "one.heic", "unknown image format"),
        (["in/2.png"], "{steam}.png", "bad template .*fields are {stem}, {name}"),
        (["in/2.png"], "{stem.__class__}.png", "bad template .*stem.__class__.*fields are {stem}"),
        (["in/2.png"], "{stem:>1000000000}", "bad template .*stem:>1000000000.*fields are"),
        (["in/2.png"], "{stem!r}", "bad template"),
        (["in/2.png"], "{0}", "bad template"),
        (["in/2.png"], "{", "bad template"),
        (["in/2.png"], "in/2.png", "in/2.png would be replaced by its own result"),
        (["in/*.txt"], None, "no images in .*left out 1 file, not images by name: 1 .txt"),
        (["in"], "same/{folder}.png", "would both become same/in.png; use a template"),
    ],
)
def test_jobs_that_cannot_be_are_refused_before_they_start(folder, inputs, output, message):
    with pytest.raises(JobError, match=message):
        _plan(*inputs, output=output)


def test_the_format_of_each_input_is_kept_where_it_can_be_written(tmp_path):
    for name in ("a.jpg", "b.TIF", "c.gif", "d.heic"):
        (tmp_path / name).touch()
    made = plan([str(tmp_path)], "out/", recursive=False, scale=2, image_format="same")
    assert [task.target.name for task in made.tasks] == ["a.jpg", "b.TIF", "c.gif", "d.png"]
    assert made.notes == [".heic is only read: written as PNG"]


def test_the_command_offers_all_formats_that_are_written():
    names = format_names()
    context = click.Context(upscale.command)
    (choice,) = (it for it in upscale.command.get_params(context) if it.name == "format")
    assert set(choice.type.choices) == {*names, SAME}
    assert set(names.values()) <= set(written_suffixes())
    assert {"png", "jpeg", "jpg", "webp", "tiff", "avif", "bmp", "gif"} <= set(names)
