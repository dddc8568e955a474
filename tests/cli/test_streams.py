"""What becomes of the output ends no command; what was lost is said."""

import os
import subprocess
import sys

import pytest

from srcore.cli.streams import lasting_streams

# Python 3.12 warns of threads, which the children do not use.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

PROGRAM = f'"{sys.executable}" -m srcore'


def shell(line):
    """Run a shell line; exit code and standard error of it."""
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        (f"({PROGRAM} components; echo $? >&2) | head -n 1", 0, "0\n"),
        (
            f"{PROGRAM} new > /dev/full",
            1,
            "srcore: standard output: cannot be written: No space left on device\n",
        ),
        (f"{PROGRAM} new psnr_rrdb_x4 2>&- > /dev/null", 0, ""),
        (f"{PROGRAM} new >&-", 0, ""),
        (f"{PROGRAM} check nowhere.toml 2> /dev/full", 2, ""),
        (f"{PROGRAM} check nowhere.toml 0<&- 1>&- 2>&-", 2, ""),
    ],
    ids=["head", "full disk", "no error", "no output", "full error", "nothing"],
)
def test_streams_that_take_nothing_cost_what_was_printed_only(line, code, error):
    assert shell(line) == (code, error)


@pytest.fixture
def child():
    """Run a function in a forked child whose streams are its own; exit code."""

    def run(function):
        process = os.fork()
        if process == 0:
            code = 3
            try:
                sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115 - stays open
                sys.stderr = sys.__stderr__ = open(2, "w", closefd=False)  # noqa: SIM115 - stays open
                function()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    return run


def test_the_first_file_never_becomes_standard_error(child, tmp_path):
    def write():
        os.close(2)
        with lasting_streams(), (tmp_path / "result").open("wb") as file:
            os.write(2, b"a warning of some library")
            file.write(b"result")

    assert child(write) == 0
    assert (tmp_path / "result").read_bytes() == b"result"


def test_work_goes_on_when_the_reader_has_gone(child, tmp_path):
    def work():
        reading, writing = os.pipe()
        os.dup2(writing, 1)
        os.close(writing)
        os.close(reading)
        with lasting_streams():
            for _ in range(3):
                print("a line", flush=True)
            (tmp_path / "done").touch()

    assert child(work) == 0
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize(("code", "expected"), [(0, 1), (2, 2), (130, 130)])
def test_an_exit_code_of_its_own_is_kept(child, code, expected):
    def work():
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with lasting_streams():
            print("a line")
            raise SystemExit(code)

    assert child(work) == expected


def test_streams_of_others_are_left_alone(capsys):
    before = sys.stdout
    with lasting_streams():
        assert sys.stdout is before
