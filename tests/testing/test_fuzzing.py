import time

import pytest

from srcore.errors import DataError, SrcoreError
from srcore.testing.fuzzing import FuzzTarget, Outcomes


def trial(read, longest=5.0):
    def complaint(error):
        return None if "x.png" in str(error) else "nameless"

    return FuzzTarget(read=read, refusal=DataError, complaint=complaint, longest=longest)


def raising(error):
    def read():
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda: None, "read"),
        (lambda: "upside down", "upside down"),
        (raising(DataError("x.png: damaged")), "refused"),
        (raising(DataError("damaged")), "nameless"),
        (raising(SrcoreError("x.png: damaged")), "SrcoreError: x.png: damaged ("),
        (raising(KeyboardInterrupt()), "KeyboardInterrupt: "),
    ],
)
def test_a_file_is_read_or_refused_by_its_name(read, expected):
    assert trial(read).outcome(1 << 30).startswith(expected)


def test_time_and_memory_are_limited():
    def slow():
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass

    assert trial(slow, longest=0.01).outcome(1 << 30).endswith(" s (read)")
    many = trial(lambda: str(len(bytearray(b"x") * 50_000_000)))
    assert many.outcome(10 << 20).endswith(" MiB (50000000)")
    assert trial(lambda: None).most_of([b"a"], lambda content: None) == 32 << 20


def test_failures_are_counted_with_their_first_file():
    outcomes = Outcomes()
    results = ["read", "refused", "odd", "odd", "refused"]
    assert [outcomes.add(it, number) for number, it in enumerate(results)] == [
        False,
        False,
        True,
        True,
        False,
    ]
    assert outcomes.counts == {"read": 1, "refused": 2, "failed": 2}
    assert outcomes.failed == {"odd": 2}
