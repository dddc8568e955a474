"""Work is shared out only where torchrun says so, with all of its variables."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from srcore.machine import processes
from srcore.testing.killing import fork, wait

NAMES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_without_variables_this_process_is_alone():
    assert (processes.rank(), processes.local_rank(), processes.world_size()) == (0, 0, 1)
    assert processes.processes_here() == 1
    assert processes.left_aside() == ""


def test_a_complete_set_is_followed(torchrun_variables):
    torchrun_variables(3, 4)
    assert (processes.rank(), processes.local_rank(), processes.world_size()) == (3, 3, 4)
    assert processes.processes_here() == 4
    assert processes.left_aside() == ""


@pytest.mark.parametrize("missing", NAMES)
@pytest.mark.parametrize("empty", [False, True])
def test_an_incomplete_set_is_not_followed_and_said(
    torchrun_variables, monkeypatch, missing, empty
):
    torchrun_variables(1, 2)
    monkeypatch.setenv(missing, "") if empty else monkeypatch.delenv(missing)
    assert (processes.rank(), processes.local_rank(), processes.world_size()) == (0, 0, 1)
    said = processes.left_aside()
    assert (missing in said) == (missing != "WORLD_SIZE")


def test_a_size_of_one_needs_no_word(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert processes.left_aside() == ""


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "WORLD_SIZE",
            "two",
            'WORLD_SIZE in the environment: expected a whole number, found "two"',
        ),
        ("RANK", "-1", 'RANK in the environment: expected a whole number, found "-1"'),
        ("RANK", "2", "RANK = 2: expected a number below WORLD_SIZE = 2"),
    ],
)
def test_impossible_values_are_one_line(torchrun_variables, monkeypatch, name, value, message):
    torchrun_variables(0, 2)
    monkeypatch.setenv(name, value)
    with pytest.raises(processes.LaunchError) as caught:
        processes.rank()
    assert str(caught.value) == message
    assert caught.value.exit_code == 2


@pytest.mark.skipif(sys.platform != "linux", reason="processes end with their parent on Linux")
@pytest.mark.parametrize("is_late", [False, True], ids=["waits", "was not begun"])
def test_a_process_ends_with_its_parent_however_early_that_is_killed(tmp_path, is_late):
    born = tmp_path / "born"

    def child(parent):
        born.write_text(str(os.getpid()))
        while is_late and os.getppid() == parent:
            time.sleep(0.01)
        processes.end_with_parent()
        time.sleep(60)

    def parent():
        process = multiprocessing.get_context("fork").Process(target=child, args=(os.getpid(),))
        process.start()
        while not born.exists() or not born.read_text():
            time.sleep(0.01)
        time.sleep(0 if is_late else 0.2)
        os.kill(os.getpid(), signal.SIGKILL)

    assert wait(fork(parent, tmp_path / "log"), 20) == -signal.SIGKILL
    number, end = int(born.read_text()), time.monotonic() + 10
    while _runs(number) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _runs(number)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_process_whose_parent_lives_goes_on_however_it_is_started(method):
    code = f"""
import multiprocessing
from srcore.machine.processes import end_with_parent
if __name__ == "__main__":
    multiprocessing.set_start_method("{method}")
    process = multiprocessing.Process(target=end_with_parent)
    process.start()
    process.join()
    print(process.exitcode)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n", done.stderr


@pytest.mark.parametrize(
    ("error", "is_said"), [(EOFError, False), (ConnectionResetError, False), (ValueError, True)]
)
def test_a_process_does_not_say_that_the_one_that_started_it_is_gone(tmp_path, error, is_said):
    def child():
        processes.end_with_parent()
        thread = threading.Thread(target=lambda: sys.excepthook(error, error(), None))
        thread.start()
        thread.join()

    log = tmp_path / "log"
    assert wait(fork(child, log), 20) == 0
    assert (error.__name__ in log.read_text()) == is_said


def _runs(number):
    try:
        with open(f"/proc/{number}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_process_that_works_alone_is_not_one_of_several(monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("KEPT", "1")
    environment = processes.environment_of_one()
    assert not environment.keys() & set(NAMES)
    assert environment["KEPT"] == "1"
