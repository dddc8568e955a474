"""A plugin of pytest for ``gpu_day.py``: what fails is told and kept at once.

python -m pytest -p device_outcomes, with this folder on ``PYTHONPATH``

A run that is cut off, or a process that does not end, loses nothing: every failure is printed when
it happens, and ``device_tests.json`` of the results is written anew after every few tests. Tests
that take long are begun first, each by a process of its own, so that no process is left alone with
them at the end. A process that hangs when it should end says where, and is ended.
"""

from __future__ import annotations

import faulthandler
import os
import re
import time
from typing import Any

import pytest
from harness import RESULTS, write_results

#: Tests that take longest on a device: compiling, and what trains whole experiments.
LONG = re.compile("compiled|sed/tiny|test_tiny_on_gpu")
PATIENCE = 8.0  # seconds that a process has for its end
NAMED = 30  # so many tests without an outcome are told by name
EVERY = 1.0  # seconds between two writings while nothing fails

_STDERR = os.dup(2)  # what pytest does not capture
_outcomes: dict[str, Any] = {"passed": 0, "skipped": [], "failed": {}, "slowest": {}}
_wanted: set[str] = set()  # what was collected and has no outcome yet
_last = [0.0]
_name = ["device_tests"]


def pytest_configure() -> None:
    """A second call within one step has a file of its own."""
    if (RESULTS / "device_tests.json").exists():
        _name[0] = "device_tests_alone"


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Long tests first, with others between: two in a row would fall to one process."""
    long = [item for item in items if LONG.search(item.nodeid)]
    rest = [item for item in items if not LONG.search(item.nodeid)]
    mixed = []
    while long or rest:
        mixed += [group.pop(0) for group in (long, rest) if group]
    items[:] = mixed


def pytest_collection_finish(session: Any) -> None:
    """Know what is to come, where one process runs all."""
    _wanted.update(item.nodeid for item in session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(ids: list[str]) -> None:
    """Know what is to come, where processes share it."""
    if not _outcomes["slowest"]:
        _wanted.update(ids)


def pytest_runtest_logreport(report: Any) -> None:
    """Count a test; tell a failure."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    if report.when == "teardown" or report.outcome != "passed":
        _wanted.discard(report.nodeid)
    slowest = _outcomes["slowest"]
    slowest[report.nodeid] = round(slowest.get(report.nodeid, 0) + report.duration, 2)
    if report.failed:
        text = str(report.longrepr)
        _outcomes["failed"][f"{report.nodeid}, {report.when}"] = text[-4000:]
        told = f"\nfailed ({report.when}): {report.nodeid}\n{text[-4000:]}\n"
        os.write(_STDERR, told.encode("utf-8", "replace"))
    elif report.skipped:
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        _outcomes["skipped"].append(f"{report.nodeid}: {reason}")
    elif report.when == "call":
        _outcomes["passed"] += 1
    if report.failed or time.monotonic() - _last[0] > EVERY:
        keep()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    """Keep the last outcomes, then see to it that this process ends."""
    is_main = "PYTEST_XDIST_WORKER" not in os.environ
    if is_main:
        keep(ended=int(exitstatus))
    patience = 2 * PATIENCE if is_main else PATIENCE  # it waits for the others
    faulthandler.dump_traceback_later(patience, exit=True, file=_STDERR)


def keep(**more: Any) -> None:
    """Write what is known so far."""
    _last[0] = time.monotonic()
    slowest = sorted(_outcomes["slowest"].items(), key=lambda entry: -entry[1])[:15]
    left = sorted(_wanted)
    more |= {"without outcome": left if len(left) <= NAMED else f"{len(left)} tests"}
    write_results(_name[0], _outcomes | {"slowest": dict(slowest)} | more)
