import os
import shutil
import time

import pytest

from srcore.testing import write_tiny_images


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/srcore/scans"


@pytest.fixture
def age():
    """Makes files look as old as they are after a minute."""

    def of(*paths, seconds=60):
        moment = time.time() - seconds
        for path in paths:
            os.utime(path, (moment, moment))

    return of


@pytest.fixture
def many(tmp_path, age):
    """A folder of many small images: names in natural order."""

    def of(count, folder="hr"):
        write_tiny_images(tmp_path / folder, 1, height=8, width=12)
        first = tmp_path / folder / "00.png"
        names = [f"{number:05}.png" for number in range(count)]
        for name in names:
            shutil.copyfile(first, tmp_path / folder / name)
        first.unlink()
        age(*(tmp_path / folder / name for name in names))
        return tmp_path / folder, names

    return of
