import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from srcore.cli.upscale_results import interruptible, say_rates, say_result, say_results
from srcore.errors import Interrupted
from srcore.upscaling.batch import Result
from srcore.upscaling.jobs import Task

TASK = Task(Path("a.png"), Path("out/a.png"))
DONE = Result(TASK, "done", size=(20, 10), note="a.png: 1 of 2 frames", lost=("EXIF data",))
FAILED = Result(TASK, "failed", "a.png: truncated")


def test_a_result_is_told_where_scripts_and_people_look(capsys):
    say_result(DONE, says_paths=True)
    say_result(DONE, says_paths=False)
    say_result(FAILED, says_paths=True)
    out, err = capsys.readouterr()
    assert out.splitlines() == [str(TASK.target)]
    assert err.splitlines() == [
        "srcore: a.png: 1 of 2 frames",
        "srcore: a.png: 1 of 2 frames",
        "srcore: a.png: truncated",
    ]


def test_all_results_are_counted(capsys):
    say_results([DONE, FAILED], as_json=True)
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["done"], told["failed"], told["skipped"]) == (1, 1, 0)
    assert [it["status"] for it in told["files"]] == ["done", "failed"]
    assert "srcore: not kept, with numbers of files: EXIF data (1)" in err
    assert "srcore: 1 done, 1 failed: 1 truncated" in err


def test_rates_are_of_results_that_were_made(capsys):
    began = time.perf_counter() - 10
    say_rates([DONE, DONE, FAILED], began, from_many=3)
    say_rates([FAILED], began)
    assert capsys.readouterr().err == ""
    say_rates([DONE, DONE, FAILED], began)
    err = capsys.readouterr().err
    assert re.fullmatch(r"srcore: 10\.\d s, 0\.2 images/s, 0\.00 megapixels/s of results\n", err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_says_what_is_left(number):
    before = signal.getsignal(signal.SIGTERM)

    @interruptible()
    def work():
        os.kill(os.getpid(), number)
        time.sleep(5)

    with pytest.raises(Interrupted, match="--resume does the others") as caught:
        work()
    assert caught.value.exit_code == 128 + number
    assert signal.getsignal(signal.SIGTERM) is before
