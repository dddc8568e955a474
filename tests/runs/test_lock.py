"""Two processes never work on the folder of one run."""

import json
import os
import signal
import socket
import time

import pytest

import srcore.runs.lock
from srcore.errors import SrcoreError
from srcore.runs.folder import RunFolder
from srcore.runs.lock import locked

kept = []


def in_child(work):
    """Start a process that does ``work`` and then waits; return its number once it is done."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        work()
        os.write(write, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(read, 1)
    os.close(read)
    os.close(write)
    return child


def hold(folder):
    """Take the lock and never give it back."""
    kept.append(locked(folder))
    kept[-1].__enter__()


def end(child):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_second_process_is_told_who_works_there(tmp_path):
    child = in_child(lambda: hold(tmp_path / "run"))
    try:
        expected = f"run: process {child} on {socket.gethostname()} works on it since 2.* UTC; wait"
        with pytest.raises(SrcoreError, match=expected), locked(tmp_path / "run"):
            pass
    finally:
        end(child)


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path, caplog):
    child = in_child(lambda: hold(tmp_path))
    end(child)
    assert RunFolder(tmp_path).lock.is_file()
    with locked(tmp_path):
        assert json.loads(RunFolder(tmp_path).lock.read_text())["process"] == os.getpid()
    assert f"taken over from process {child} on {socket.gethostname()}" in caplog.text
    assert not RunFolder(tmp_path).lock.exists()


def test_a_reader_that_outlives_a_killed_run_does_not_hold_its_lock(tmp_path):
    read, write = os.pipe()

    def work():
        hold(tmp_path)
        if os.fork() == 0:  # as the processes that read images
            os.write(write, str(os.getpid()).encode() + b"\n")
            time.sleep(60)
            os._exit(0)

    end(in_child(work))
    reader = int(os.read(read, 20))
    try:
        with locked(tmp_path):
            pass
    finally:
        os.kill(reader, signal.SIGKILL)


def test_a_process_does_not_share_with_itself(tmp_path):
    with (
        locked(tmp_path),
        pytest.raises(SrcoreError, match=f"process {os.getpid()} on"),
        locked(tmp_path / "." / "x" / ".."),
    ):
        pass
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "{", "3", '{"process": "x"}'])
def test_a_damaged_lock_file_blocks_nothing(tmp_path, content):
    RunFolder(tmp_path).lock.write_text(content)
    with locked(tmp_path):
        pass


def test_without_locks_of_the_system_the_process_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(srcore.runs.lock, "fcntl", None)
    child = in_child(lambda: hold(tmp_path))
    with (
        pytest.raises(SrcoreError, match=rf"if it is gone, delete .*{RunFolder.lock}"),
        locked(tmp_path),
    ):
        pass
    end(child)
    with locked(tmp_path):
        pass
    owner = {"host": "another", "process": child}
    RunFolder(tmp_path).lock.write_text(json.dumps(owner))
    with pytest.raises(SrcoreError, match=f"process {child} on another"), locked(tmp_path):
        pass


def test_a_lock_that_goes_while_waiting_is_made_anew(tmp_path, monkeypatch):
    """Another process removes the file between opening and locking it."""
    lock, seen = srcore.runs.lock._lock, []

    def late(stream):
        if not seen:
            RunFolder(tmp_path).lock.unlink()
        seen.append(stream)
        return lock(stream)

    monkeypatch.setattr(srcore.runs.lock, "_lock", late)
    with locked(tmp_path):
        assert len(seen) == 2
        assert RunFolder(tmp_path).lock.is_file()
