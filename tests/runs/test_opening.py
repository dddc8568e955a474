"""The folder of a run can always be worked in again, by one process at a time."""

import os

import pytest

import srcore
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.runs.lock import locked
from srcore.runs.opening import open_run, remove_temporaries


def run(experiment, output, *overrides, **options):
    run_experiment(srcore.load_experiment(experiment, overrides), output, quiet=True, **options)
    return output / "tiny"


def content(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(
    "left", [(), (".lock",), (".lock", ".srcore-0123456789ab.toml"), ("run.log",)]
)
def test_a_run_killed_before_its_experiment_was_written_can_be_started(
    tiny_experiment, tmp_path, left, resume
):
    (tmp_path / "out/tiny").mkdir(parents=True)
    for name in left:
        (tmp_path / "out/tiny" / name).write_text("")
    once = "train.iterations=1"
    folder = run(tiny_experiment, tmp_path / "out", once, resume=resume)
    assert content(folder) == content(run(tiny_experiment, tmp_path / "other", once))


def test_what_killed_processes_were_writing_goes(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    for name in (".srcore-0123456789ab.pt", "checkpoints/.srcore-0123456789ab", "a.txt", ".b.txt"):
        (tmp_path / name).write_text("")
    remove_temporaries(tmp_path)
    assert content(tmp_path) == {"checkpoints", "a.txt", ".b.txt"}


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}])
def test_a_run_that_is_at_work_is_left_alone(tiny_experiment, tmp_path, options):
    folder = run(tiny_experiment, tmp_path, "train.iterations=1")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    expected = "holds an earlier run" if not options else f"process {os.getpid()} on .* works on"
    with locked(folder), pytest.raises(SrcoreError, match=expected):
        run(tiny_experiment, tmp_path, "train.iterations=1", **options)
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert after == before


def test_nothing_is_written_into_a_strangers_folder_not_even_a_lock(tiny_experiment, tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/.hidden").write_text("years of work")
    before = (tmp_path / "tiny").stat().st_mtime_ns
    with pytest.raises(SrcoreError, match="is not a run of srcore"):
        run(tiny_experiment, tmp_path, resume=True)
    assert (tmp_path / "tiny").stat().st_mtime_ns == before


def test_the_lock_is_gone_after_success_and_failure(tiny_experiment, tmp_path):
    folder = run(tiny_experiment, tmp_path, "train.iterations=1")
    assert not (folder / ".lock").exists()
    experiment = srcore.load_experiment(tiny_experiment)
    stages = {"": experiment.experiment(experiment.stages[0])}

    def fail():
        with open_run(
            tmp_path / "b",
            stages,
            name="b",
            resume=False,
            overwrite=False,
            registry=plugins().registry,
        ):
            assert (tmp_path / "b/.lock").is_file()
            raise SrcoreError("in the middle")

    with pytest.raises(SrcoreError, match="in the middle"):
        fail()
    assert content(tmp_path / "b") == {"experiment.toml"}
