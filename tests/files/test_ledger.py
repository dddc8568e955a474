import math
import os
import signal

import pytest

from srcore.files.ledger import JobLedger


def test_what_is_noted_comes_back_to_the_bit(tmp_path):
    ledger = JobLedger(tmp_path / "below" / "ledger")
    assert list(ledger.entries()) == []
    ledger.note([])
    values = [0.1 + 0.2, -0.0, math.inf, "\udcff \n", {"a": [1]}]
    ledger.note([values])
    ledger.note([[1], [2]])
    first, *others = ledger.entries()
    assert first == values
    assert math.copysign(1, first[1]) == -1
    assert others == [[1], [2]]


@pytest.mark.parametrize("torn", [b"[", b'["key", {"psnr": 31.', b'["\xff', b"[1]"])
def test_a_torn_line_is_left_out_and_spoils_no_other(tmp_path, torn):
    ledger = JobLedger(tmp_path / "ledger")
    ledger.note([["a"]])
    with ledger.file.open("ab") as stream:
        stream.write(torn)
    kept = [[1]] if torn == b"[1]" else []  # all of it was written but the end of the line
    assert list(ledger.entries()) == [["a"], *kept]
    ledger.note([["b"]])
    assert list(JobLedger(ledger.file).entries()) == [["a"], *kept, ["b"]]


def test_lines_of_a_killed_process_stay(tmp_path):
    ledger = JobLedger(tmp_path / "ledger")
    child = os.fork()
    if not child:
        ledger.note([[number] for number in range(100)])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert list(ledger.entries()) == [[number] for number in range(100)]
