import importlib
import os
import pickle
import sys

import pytest

from srcore.errors import ConfigError, DataError, Interrupted, MissingExtraError, Problem
from srcore.machine.process_pool import LostProcessError, ProcessPool

#: Other processes import it by its name, which they cannot do with modules of tests.
WORK = """
import os
import signal

from srcore.errors import MissingExtraError


def plus(state, item):
    return state + item, os.getpid()


def failing(state, item):
    if item == 3:
        raise MissingExtraError("this", "that")
    return item


def ending(state, item):
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    """What processes are given to do."""
    (tmp_path / "work_of_processes.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("work_of_processes")
    del sys.modules["work_of_processes"]


def numbers(count, taken):
    """Numbers, noted when they are taken."""
    for number in range(count):
        taken.append(number)
        yield number


def test_one_process_is_this_one_and_takes_items_when_they_are_wanted(work):
    taken = []
    with ProcessPool(1, 10) as pool:
        results = pool.each(work.plus, numbers(5, taken))
        assert next(results) == (10, os.getpid())
        assert taken == [0]
        assert [value for value, _ in results] == [11, 12, 13, 14]


def test_processes_give_results_in_order_and_take_few_items_ahead(work):
    taken = []
    with ProcessPool(2, 10) as pool:
        first = pool.each(work.plus, numbers(50, taken))
        value, process = next(first)
        assert value == 10
        assert process != os.getpid()
        assert len(taken) <= 6
        # Results may be items of more work for the same processes.
        again = pool.each(work.plus, (value for value, _ in first))
        assert [value for value, _ in again] == [number + 20 for number in range(1, 50)]


def test_a_process_that_is_killed_is_told_in_one_line(work):
    with pytest.raises(LostProcessError) as caught, ProcessPool(2, None) as pool:
        list(pool.each(work.ending, range(20)))
    assert caught.value.lines == (
        "one of 2 processes that do the work was killed, or has crashed; the system kills "
        "processes when memory is short: workers=1 needs less",
    )


def test_errors_of_users_come_back_as_they_were(work):
    with (
        pytest.raises(MissingExtraError, match=r"this needs .*srcore\[that\]"),
        ProcessPool(2, 0) as pool,
    ):
        list(pool.each(work.failing, range(9)))
    problems = [Problem("a.b", "wrong", "x.toml"), Problem("a.c", "wrong too")]
    errors = DataError("x"), ConfigError(problems), Interrupted(15, "stopped")
    for error in errors:
        back = pickle.loads(pickle.dumps(error))
        assert type(back) is type(error)
        assert (back.lines, back.exit_code) == (error.lines, error.exit_code)
    assert pickle.loads(pickle.dumps(errors[1])).problems == tuple(problems)
