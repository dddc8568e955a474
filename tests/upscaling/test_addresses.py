"""Addresses lead to the images that they name; end to end: tests/cli/test_upscale_elsewhere.py."""

import tarfile

import numpy as np
import pytest

from srcore.images import encode_image
from srcore.shards import remote_reading
from srcore.upscaling.addresses import AddressSearch

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(remote_reading, "_WAITS", (0, 0, 0))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path):
    system = fsspec.filesystem("memory")
    system.store.clear()
    image = encode_image(np.zeros((4, 5, 3), np.uint8), ".png")
    (tmp_path / "a.png").write_bytes(image)
    for name in ("b/10.png", "b/2.png", "b/deep/3.png", "b/old.tar", "b/[1].png", "b/no_suffix"):
        system.pipe_file(f"/{name}", image)
    for number in (8, 9, 10):
        with tarfile.open(tmp_path / "s.tar", "w") as shard:
            shard.add(tmp_path / "a.png", f"{number}/a.png")
        system.pipe_file(f"/s/s{number:02}.tar", (tmp_path / "s.tar").read_bytes())
    yield system
    system.store.clear()


@pytest.fixture
def search_for():
    """Where an address leads: texts of images, places below what was named, notes, failures."""

    def find(url, *, recursive=False, may_be_pattern=True):
        notes, unreadable = [], []
        search = AddressSearch(recursive, notes, unreadable)
        images = search.find(url, may_be_pattern=may_be_pattern)
        below = [root and image.path.relative_to(root).as_posix() for image, root in images]
        return [str(image) for image, _ in images], below, notes, [line for _, line in unreadable]

    return find


def test_a_folder_holds_images_in_natural_order(store, search_for):
    images, below, notes, failed = search_for("memory://b/")
    assert images == [f"memory://b/{name}" for name in ("2.png", "10.png", "[1].png")]
    assert below == ["2.png", "10.png", "[1].png"]
    assert failed == []
    assert notes == [
        "memory://b: left out 1 folder below; --recursive takes them",
        "memory://b: left out 2 files, not images by name: 1 .tar, 1 without suffix",
    ]
    assert search_for("memory://b", recursive=True)[1][-1] == "deep/3.png"


def test_shards_are_named_by_number_folder_or_pattern(store, search_for):
    numbered = search_for("memory://s/s{08..10}.tar")
    assert numbered == (*search_for("memory://s", recursive=True)[:2], [], [])
    assert numbered[0] == [
        f"memory://s/s{number}.tar:{int(number)}/a.png" for number in ("08", "09", "10")
    ]
    assert numbered[1] == ["8/a.png", "9/a.png", "10/a.png"]
    assert search_for("memory://s/s0*.tar")[1] == ["8/a.png", "9/a.png"]
    images, _, _, failed = search_for("memory://s/s{10..11}.tar")
    assert len(images) == 1
    assert failed == ["memory://s/s11.tar: is not there"]


def test_a_name_that_is_no_pattern_is_that_of_an_image(store, search_for):
    assert search_for("memory://b/[1].png", may_be_pattern=False)[0] == ["memory://b/[1].png"]
    assert search_for("memory://b/[1].png")[0] == []
    assert search_for("memory://b/no_suffix")[0] == ["memory://b/no_suffix"]
    assert search_for("https://host/photos/1")[0] == ["https://host/photos/1"]


def test_what_leads_nowhere_is_a_line(store, search_for):
    assert search_for("memory://none/")[3] == ["memory://none: is not there"]
    assert search_for("memory://b/a.mov")[3] == [
        "memory://b/a.mov: films are read from files of this machine; copy them first"
    ]
    assert search_for("memory://s/s{9..1}.tar")[3][0].endswith(
        "expected a range such as {000000..000123}"
    )
