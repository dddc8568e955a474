import bisect
import logging
import os
import sqlite3
import threading
from contextlib import contextmanager

import pytest

from srcore.images import FolderFiles
from srcore.scanning import scan as scanning
from srcore.scanning import workers
from srcore.scanning.index import ScanIndex, index_file
from srcore.scanning.lists import scan_of
from srcore.scanning.policy import ScanPolicy, scanning_by
from srcore.scanning.scan import scan
from srcore.testing import write_tiny_images


@pytest.fixture(autouse=True)
def few_are_kept(monkeypatch):
    monkeypatch.setattr(scanning, "_WORTH_KEEPING", 20)
    monkeypatch.setattr(scanning, "_CHUNK", 8)


@pytest.fixture
def read_names(monkeypatch):
    """Names whose headers were read, sorted."""
    names, real = [], workers.read_facts

    def noting(path):
        bisect.insort(names, path.name)
        return real(path)

    monkeypatch.setattr(workers, "read_facts", noting)
    return names


def test_few_images_leave_no_file(many, cache, read_names):
    folder, names = many(19)
    assert scan(folder, names).sizes.tolist() == [[8, 12]] * 19
    assert not cache.exists()
    assert read_names == names


def test_headers_are_read_once_and_again_where_a_file_changed(many, read_names, age):
    folder, names = many(30)
    (folder / names[3]).write_bytes(b"no image")
    age(folder / names[3])
    first = scan(folder, names)
    assert read_names == names
    assert list(first.faults) == [3]
    assert first.faults[3].startswith(f"{folder / names[3]}: not an image")
    assert first.known().tolist() == [number != 3 for number in range(30)]

    read_names.clear()
    again = scan(folder, names)
    assert read_names == []
    assert again.sizes.tolist() == first.sizes.tolist()
    assert again.faults == first.faults

    write_tiny_images(folder, 1, height=16, width=8)
    (folder / "00.png").replace(folder / names[3])
    os.utime(folder / names[9])
    (folder / names[20]).unlink()
    changed = scan(folder, names)
    assert read_names == [names[3], names[9], names[20]]
    assert changed.size(3) == (16, 8)
    assert changed.faults == {20: f"{folder / names[20]}: no such file"}


def test_a_scan_that_was_interrupted_goes_on(many, read_names):
    folder, names = many(40)

    @contextmanager
    def interrupting(total):
        def step(count):
            if len(read_names) >= 24:
                raise KeyboardInterrupt

        yield step

    with pytest.raises(KeyboardInterrupt), scanning_by(ScanPolicy(progress=interrupting)):
        scan(folder, names)
    read_names.clear()
    assert scan(folder, names).known().all()
    assert read_names == names[24:]


def test_order_of_names_and_folders_is_kept(many, tmp_path):
    folder, names = many(25)
    write_tiny_images(tmp_path / "lr", 2, height=4, width=6)
    lists = [FolderFiles(folder, names[::-1]), FolderFiles(tmp_path / "lr", ["01.png", "00.png"])]
    (folder / names[0]).unlink()
    images = scan_of(lists)
    assert list(images.faults) == [24]
    assert images.sizes[25:].tolist() == [[4, 6], [4, 6]]


def test_a_sample_is_even_says_so_and_is_the_same_for_both_of_a_pair(many):
    hr, names = many(30)
    lr, _ = many(30, "lr")
    with scanning_by(ScanPolicy(sample=10)) as policy:
        images = [scan(folder, names) for folder in (hr, lr)]
        images.append(scan(hr, names))  # asked again it is no more
    for scanned in images:
        assert scanned.known().tolist() == [number % 3 == 0 for number in range(30)]
        assert scanned.asked == 10
    left = "20 of 30 headers were not read"
    assert policy.notes == {folder: f"{folder}: {left}" for folder in (hr, lr)}
    assert scan(hr, names).known().all()
    with scanning_by(ScanPolicy(sample=10)) as policy:  # all are known by now
        assert scan(hr, names).asked == 30
    assert policy.notes == {}


def test_progress_counts_what_is_read(many):
    folder, names = many(30)
    totals, steps = [], []

    @contextmanager
    def noting(total):
        totals.append(total)
        yield steps.append

    with scanning_by(ScanPolicy(progress=noting)):
        scan(folder, names[:25])
        scan(folder, names)
    assert totals == [25, 5]
    assert sum(steps) == 30


def test_of_several_that_need_it_one_scans(many, read_names):
    folder, names = many(60)
    images = []
    threads = [
        threading.Thread(target=lambda: images.append(scan(folder, names))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read_names) == names
    assert all(it.known().all() for it in images)


@pytest.mark.parametrize("what", ["folder", "locked", "damaged"])
def test_an_index_that_cannot_be_used_costs_time_only(what, many, cache, caplog, monkeypatch):
    folder, names = many(30)
    if what == "folder":
        cache.parent.mkdir(parents=True)
        cache.write_text("a file")
    else:
        scan(folder, names)
        error = sqlite3.OperationalError if what == "locked" else sqlite3.DatabaseError

        def refusing(*given):
            raise error("it is not to be")

        monkeypatch.setattr(ScanIndex, "kept", refusing)
    with caplog.at_level(logging.WARNING, "srcore"):
        assert scan(folder, names).known().all()
    [record] = caplog.records
    assert record.getMessage().startswith(f"{folder}: its scan cannot be kept: ")
    assert index_file(folder).exists() == (what == "locked")
