"""Files that tasks make of every image: who makes which, when anew, and when it stops."""

import signal

import pytest
import torch
from ignite import distributed as idist

from srcore.engine.run import Run
from srcore.errors import Interrupted, SrcoreError
from srcore.plugin.manager import plugins
from srcore.tasks import delete_outdated, own_share
from srcore.testing.experiments import typed


@pytest.fixture
def run(tmp_path):
    experiment = typed({"name": "run", "scale": 2})
    return Run(tmp_path, experiment, "task", {}, torch.device("cpu"), quiet=True, plugins=plugins())


def nothing(piece):
    return False


def test_processes_share_the_work_whatever_others_have_done_meanwhile(monkeypatch):
    """Each looks at another moment: the first had done half when the last one looked."""
    work, done = list(range(11)), set()
    monkeypatch.setattr(idist, "get_world_size", lambda: 3)
    for rank in range(3):
        monkeypatch.setattr(idist, "get_rank", lambda rank=rank: rank)
        done.update(own_share(work, done.__contains__, "numbers"))
    assert done == set(work)


def test_what_is_done_is_left_out_and_said(caplog):
    with caplog.at_level("INFO", "srcore"):
        assert list(own_share("abcd", "bd".__contains__, "letters")) == ["a", "c"]
    assert caplog.messages[0] == "letters: 2 of 4 are there already"
    assert caplog.messages[-1] == "letters: 2 of 2 images"


def test_a_signal_ends_it_between_two_pieces(run):
    pieces = own_share("abc", nothing, "letters", run)
    assert next(pieces) == "a"
    run.stop.signal_number = signal.SIGINT
    with pytest.raises(Interrupted, match=r"^interrupted after 1 of 3 images; continue with"):
        next(pieces)


def test_results_go_with_what_made_them(run, tmp_path):
    file, other = tmp_path / "lr/deep/a.png", tmp_path / "maps/a.npy"
    for path in (file, other):
        path.parent.mkdir(parents=True)
        path.touch()
    delete_outdated(run, "one", ["lr", "gone"], ["*.png"])
    assert (file.exists(), other.exists()) == (False, True)
    assert (tmp_path / "weights.sha256").read_text() == "one"
    file.parent.mkdir(parents=True)
    file.touch()
    delete_outdated(run, "one", ["lr"], ["*.png"])
    assert file.exists()


def test_only_the_main_process_deletes(run, tmp_path):
    (tmp_path / "lr").mkdir()
    run.is_main = False
    delete_outdated(run, "one", ["lr"], ["*.png"])
    assert sorted(it.name for it in tmp_path.iterdir()) == ["lr"]


def test_files_of_others_stay_and_keep_the_rest(run, tmp_path):
    (tmp_path / "lr").mkdir()
    (tmp_path / "lr/a.png").touch()
    (tmp_path / "lr/mine.txt").touch()
    with pytest.raises(SrcoreError, match=r"mine\.txt"):
        delete_outdated(run, "one", ["lr"], ["*.png"])
    assert (tmp_path / "lr/a.png").exists()
    assert not (tmp_path / "weights.sha256").exists()
