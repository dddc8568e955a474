"""A run whose files are damaged or missing goes on where it can, and says in one line where not."""

import os
import shutil

import pytest
import torch
from ignite import distributed as idist

import srcore
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.runs import RunFolder, checkpoint, recovery
from srcore.testing import assert_same_state, write_tiny_images
from srcore.testing.pytest_plugin import TINY_EXPERIMENT

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A folder with an experiment, a run of it killed after iteration 4, and one that went on."""
    folder = tmp_path_factory.mktemp("stopped")
    write_tiny_images(folder / "train")
    write_tiny_images(folder / "validation", 2, seed=100)
    (folder / "tiny.toml").write_text(TINY_EXPERIMENT)
    go(folder, "train.iterations=4")
    (folder / "out/tiny/finished.json").unlink()
    shutil.copytree(folder / "out", folder / "killed")
    go(folder, resume=True)
    shutil.move(folder / "out", folder / "whole")
    return folder


@pytest.fixture
def killed(stopped, tmp_path):
    """The folder of the killed run, to be damaged."""
    shutil.copytree(stopped / "killed", tmp_path / "out")
    return tmp_path / "out/tiny"


def go(folder, *overrides, output=None, **options):
    loaded = srcore.load_experiment(folder / "tiny.toml", overrides)
    run_experiment(loaded, output or folder / "out", quiet=True, **options)


def damage(path, how):
    content = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "flipped":
        path.write_bytes(bytes(byte ^ (index % 499 == 99) for index, byte in enumerate(content)))
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "folder":
        path.mkdir()


@pytest.mark.parametrize("how", ["cut", "flipped", "empty", "missing", "folder"])
def test_the_newest_good_checkpoint_is_offered_and_taken(stopped, killed, how, caplog):
    damage(killed / "checkpoints/last.pt", how)
    expected = (
        r"last\.pt: (damaged checkpoint \(.*\)|missing, though the run has been further); the "
        r"newest good one is best\.pt of iteration 4: continue from it with --recover, or start"
    )
    shutil.copy(killed / "checkpoints/previous.pt", killed / "checkpoints/a.pt")
    with pytest.raises(SrcoreError, match=expected):
        go(stopped, output=killed.parent, resume=True)
    if how == "folder":
        (killed / "checkpoints/last.pt").rmdir()
    go(stopped, output=killed.parent, recover=True)
    assert "continued from best.pt of iteration 4" in caplog.text
    for name in ("checkpoints/last.pt", "checkpoints/best.pt"):
        states = (torch.load(f / name, weights_only=True) for f in (killed, stopped / "whole/tiny"))
        assert_same_state(*states)
    for name in ("metrics.jsonl", "metrics.csv", "generator.safetensors", "finished.json"):
        assert (killed / name).read_bytes() == (stopped / "whole/tiny" / name).read_bytes(), name


def test_two_checkpoints_are_kept(stopped):
    iterations = {
        path.name: checkpoint.load_checkpoint(path, CPU)["iteration"]
        for path in (stopped / "whole/tiny/checkpoints").iterdir()
    }
    assert iterations == {"last.pt": 6, "previous.pt": 4, "best.pt": 6}


def test_an_older_checkpoint_does_just_as_well(stopped, killed):
    for name in ("last", "best"):
        damage(killed / f"checkpoints/{name}.pt", "cut")
    go(stopped, output=killed.parent, recover=True)
    states = (
        torch.load(folder / "checkpoints/last.pt", weights_only=True)
        for folder in (killed, stopped / "whole/tiny")
    )
    assert_same_state(*states)


def test_nothing_good_is_said(stopped, killed):
    for path in (killed / "checkpoints").iterdir():
        damage(path, "cut")
    for options in ({"resume": True}, {"recover": True}):
        with pytest.raises(SrcoreError, match="no other checkpoint is good; start anew with --ov"):
            go(stopped, output=killed.parent, **options)


def test_recover_without_damage_and_without_a_run_is_resume(stopped, killed, tmp_path):
    go(stopped, output=killed.parent, recover=True)
    go(stopped, "train.iterations=1", output=tmp_path / "new", recover=True)
    assert (killed / "finished.json").is_file()
    assert (tmp_path / "new/tiny/finished.json").is_file()


def test_a_checkpoint_of_another_network_is_one_line(stopped, killed):
    (killed / "experiment.toml").write_text(
        (killed / "experiment.toml").read_text().replace("num_features = 8", "num_features = 4")
    )
    with pytest.raises(SrcoreError, match=r"last\.pt: does not fit the experiment \(.*size mism"):
        go(stopped, "generator.num_features=4", output=killed.parent, resume=True)


FILES = (
    "checkpoints/last.pt", "checkpoints/previous.pt", "checkpoints/best.pt", "experiment.toml",
    "generator.safetensors", "generator_best.safetensors", "metrics.csv", "metrics.jsonl",
    "report.html", "run.log", "images/iteration_00000003/tiny_00.png",
)  # fmt: skip


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("how", ["cut", "flipped", "empty", "missing", "folder"])
def test_no_damage_of_a_folder_is_a_traceback(stopped, killed, file, how):
    damage(killed / file, how)
    try:
        go(stopped, output=killed.parent, resume=True)
    except SrcoreError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - or none at all
    else:
        checkpoints = (
            torch.load(folder / "checkpoints/last.pt", weights_only=True)
            for folder in (killed, stopped / "whole/tiny")
        )
        assert_same_state(*checkpoints)


@pytest.mark.parametrize("how", ["cut", "empty", "folder"])
def test_a_damaged_end_is_made_anew(stopped, tmp_path, how):
    shutil.copytree(stopped / "whole", tmp_path / "out")
    damage(tmp_path / "out/tiny/finished.json", how)
    expected = (stopped / "whole/tiny/finished.json").read_bytes()
    if how == "folder":
        with pytest.raises(SrcoreError, match=r"finished\.json: Is a directory"):
            go(stopped, output=tmp_path / "out", resume=True)
    else:
        go(stopped, output=tmp_path / "out", resume=True)
        assert (tmp_path / "out/tiny/finished.json").read_bytes() == expected


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_line(stopped, killed):
    killed.chmod(0o500)
    with pytest.raises(SrcoreError, match="cannot be written: Permission denied"):
        go(stopped, output=killed.parent, resume=True)
    killed.chmod(0o700)


def test_what_another_process_is_writing_is_no_earlier_checkpoint(tmp_path):
    run = RunFolder(tmp_path)
    run.checkpoints.mkdir()
    (run.checkpoints / ".srcore-0123456789ab.pt").write_bytes(b"half of one")
    assert recovery.starting_state(run, CPU, recover=False) is None


def test_nothing_is_written_before_all_processes_have_looked(killed, monkeypatch):
    last = killed / "checkpoints/last.pt"
    last.unlink()
    there = []
    monkeypatch.setattr(idist, "get_world_size", lambda: 2)
    monkeypatch.setattr(idist, "barrier", lambda: there.append(last.exists()))
    assert recovery.starting_state(RunFolder(last.parents[1]), CPU, recover=True) is not None
    assert there == [False]
    assert last.exists()
