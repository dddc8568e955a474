import os
import signal
import subprocess
import sys
import time

import lmdb
import numpy as np
import pytest

from srcore.errors import DataError, SrcoreError
from srcore.images import write_image
from srcore.prepare import lmdb as storing
from srcore.prepare.lmdb import prepare_lmdb, unfinished_place
from srcore.prepare.lmdb_store import Store
from srcore.runs.lock import locked
from srcore.testing import write_tiny_images


@pytest.fixture
def folder(tmp_path):
    return write_tiny_images(tmp_path / "images", 6)


@pytest.fixture
def one_by_one(monkeypatch):
    monkeypatch.setattr("srcore.prepare.lmdb_store._TOGETHER", 1)


def contents(folder):
    """All keys and values, and the list."""
    with (
        lmdb.open(str(folder), readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
        stored = {bytes(key): bytes(value) for key, value in transaction.cursor()}
    return stored, (folder / "meta_info.txt").read_text()


class Stop(KeyboardInterrupt):
    pass


def stopping(monkeypatch, after):
    """Names of images that are read; the job is stopped before one more than that many."""
    names, real = [], storing.read_image

    def read(path):
        if len(names) == after:
            raise Stop
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(storing, "read_image", read)
    return names


@pytest.mark.usefixtures("one_by_one")
def test_a_job_that_was_stopped_goes_on_and_stores_nothing_twice(folder, tmp_path, monkeypatch):
    whole = prepare_lmdb(folder, tmp_path / "whole.lmdb")
    output = tmp_path / "made.lmdb"
    with monkeypatch.context() as patch:
        stopping(patch, 3)
        with pytest.raises(Stop):
            prepare_lmdb(folder, output)
    assert not output.exists()
    assert unfinished_place(output).is_dir()
    names = stopping(monkeypatch, 100)
    assert prepare_lmdb(folder, output) == whole
    assert names == ["03.png", "04.png", "05.png"]
    assert contents(output) == contents(tmp_path / "whole.lmdb")
    assert not unfinished_place(output).exists()


@pytest.mark.usefixtures("one_by_one")
def test_files_that_changed_meanwhile_are_stored_as_they_are_now(folder, tmp_path, monkeypatch):
    output = tmp_path / "made.lmdb"
    with monkeypatch.context() as patch:
        stopping(patch, 5)
        with pytest.raises(Stop):
            prepare_lmdb(folder, output)
    write_image(folder / "00.png", np.zeros((9, 8, 3), np.uint8))
    (folder / "01.png").unlink()
    (folder / "02.png").write_bytes(b"no image any more")
    report = prepare_lmdb(folder, output)
    assert (report.written, len(report.failed)) == (4, 1)
    prepare_lmdb(folder, tmp_path / "whole.lmdb")
    assert contents(output) == contents(tmp_path / "whole.lmdb")


def test_a_ledger_that_is_behind_or_ahead_is_no_harm(folder, tmp_path, monkeypatch):
    """Killed between the two, the database has more; with a database that is lost, less."""
    output = tmp_path / "made.lmdb"
    for keep, lose in (("data", "ledger"), ("ledger", "data")):
        with monkeypatch.context() as patch:
            patch.setattr(storing, "write_bytes", lambda path, content: _stop_at_the_list(path))
            with pytest.raises(Stop):
                prepare_lmdb(folder, output)
        place = unfinished_place(output)
        assert (place / keep).exists()
        (place / lose).rename(tmp_path / f"lost-{lose}")
        (folder / "05.png").unlink(missing_ok=True)
        assert prepare_lmdb(folder, output).written == 5
        prepare_lmdb(folder, tmp_path / "whole.lmdb", overwrite=keep == "ledger")
        assert contents(output) == contents(tmp_path / "whole.lmdb")
        for path in output.iterdir():
            path.unlink()
        output.rmdir()


def _stop_at_the_list(path):
    if path.name == "meta_info.txt":
        raise Stop


def test_an_unfinished_job_of_other_settings_is_not_mixed_with(folder, tmp_path, monkeypatch):
    output = tmp_path / "made.lmdb"
    with monkeypatch.context() as patch:
        stopping(patch, 3)
        with pytest.raises(Stop):
            prepare_lmdb(folder, output)
    other = write_tiny_images(tmp_path / "other", 2, seed=9)
    with pytest.raises(DataError, match="holds an unfinished job with other settings; give the"):
        prepare_lmdb(other, output)
    assert prepare_lmdb(other, output, overwrite=True).written == 2
    prepare_lmdb(other, tmp_path / "whole.lmdb")
    assert contents(output) == contents(tmp_path / "whole.lmdb")


def test_only_one_process_fills_a_folder(folder, tmp_path):
    output = tmp_path / "made.lmdb"
    with (
        locked(unfinished_place(output)),
        pytest.raises(SrcoreError, match=r"works on it .*or choose another output"),
    ):
        prepare_lmdb(folder, output)


def test_a_database_grows_with_what_it_holds(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("srcore.prepare.lmdb_store._FIRST_ROOM", 1 << 14)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    write_image(folder / "noise.png", noise)
    assert prepare_lmdb(folder, tmp_path / "a.lmdb").written == 7
    stored, _ = contents(tmp_path / "a.lmdb")
    assert len(stored[b"noise"]) > 1 << 16


def test_an_image_longer_than_what_waits_is_stored_at_once(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("srcore.prepare.lmdb_store._MANY_BYTES", 1)
    counts, real = [], Store.flush

    def flush(store):
        counts.append(len(store._waiting))
        real(store)

    monkeypatch.setattr(Store, "flush", flush)
    prepare_lmdb(folder, tmp_path / "a.lmdb")
    assert counts == [1] * 6 + [0]


@pytest.mark.slow
def test_several_processes_killed_again_and_again_store_what_one_stores(tmp_path):
    folder = write_tiny_images(tmp_path / "many", 600)
    (folder / "007.png").write_bytes(b"no image")
    (folder / "07.png").write_bytes(b"no image")

    def command(output, *more):
        return [sys.executable, "-m", "srcore", "prepare", "lmdb", "many", output, *more]

    one = subprocess.run(
        command("whole.lmdb", "--workers", "1"), cwd=tmp_path, capture_output=True, text=True
    )
    assert one.returncode == 1
    ledger = unfinished_place(tmp_path / "made.lmdb") / "ledger"
    for lines in (1, 200, 330, 590):
        process = subprocess.Popen(command("made.lmdb", "--workers", "2"), cwd=tmp_path)
        deadline = time.monotonic() + 120
        while not ledger.is_file() or ledger.read_bytes().count(b"\n") < lines:
            if process.poll() is not None:
                break
            assert time.monotonic() < deadline
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = subprocess.run(
        command("made.lmdb", "--workers", "2"), cwd=tmp_path, capture_output=True, text=True
    )
    if (tmp_path / "made.lmdb").is_dir() and "exists" in last.stderr:
        pytest.fail("no kill came before the end")
    assert (last.returncode, last.stdout.split(" in ")[0]) == (1, one.stdout.split(" in ")[0])
    assert contents(tmp_path / "made.lmdb") == contents(tmp_path / "whole.lmdb")
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []
