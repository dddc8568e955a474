"""What lies where in the folder of a sweep."""

import pytest

from srcore.files.occupied import OccupiedError
from srcore.sweeps.sweep_folder import SweepFolder


def test_places(tmp_path):
    folder = SweepFolder.of(tmp_path, "mine")
    assert folder.path == tmp_path / "mine_sweep"
    names = [folder.state, folder.report, folder.best, folder.trial(3), folder.said(12)]
    assert [it.relative_to(folder.path).as_posix() for it in names] == [
        "sweep.json",
        "report.html",
        "best.toml",
        "trial_0003",
        "said/trial_0012.txt",
    ]


@pytest.mark.parametrize("names", [None, [], [".lock"], ["sweep.json", "photo.png"]])
def test_a_sweep_may_be_there(names, tmp_path):
    folder = SweepFolder(tmp_path / "x_sweep")
    if names is not None:
        folder.path.mkdir()
    for name in names or ():
        (folder.path / name).touch()
    folder.refuse_other_content()


def test_something_else_may_not(tmp_path):
    (tmp_path / "experiment.toml").touch()
    with pytest.raises(OccupiedError, match="exists and is not a sweep of srcore"):
        SweepFolder(tmp_path).refuse_other_content()
    with pytest.raises(OccupiedError, match="exists and is not a sweep of srcore"):
        SweepFolder(tmp_path / "experiment.toml").refuse_other_content()
