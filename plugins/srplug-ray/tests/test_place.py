from pathlib import Path

import attrs
import pytest
from srplug_ray.place import marked

from srcore.errors import DataError
from srcore.upscaling.jobs import Task


def test_a_machine_that_sees_other_folders_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with marked([Task(Path("a.png"), Path("out/a.png"))]) as place:
        (mark,) = Path("out").iterdir()
        assert mark.stat().st_mtime_ns == place.began
        monkeypatch.chdir("/")
        place.enter()
        assert Path.cwd() == tmp_path
        for other in (attrs.evolve(place, folder=tmp_path / "in"), _without_mark(place)):
            with pytest.raises(DataError, match=r"out: not seen by \S+; expected a file system"):
                other.enter()
    assert not list((tmp_path / "out").iterdir())


def _without_mark(place):
    return attrs.evolve(place, mark=place.mark.with_name("none"))


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "out").touch()
    task = Task(tmp_path / "a.png", tmp_path / "out" / "a.png")
    with pytest.raises(DataError, match="out: cannot be written: File exists"), marked([task]):
        pass
