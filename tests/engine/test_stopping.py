"""Whether a training ends, and for whom."""

from types import SimpleNamespace

import pytest

from srcore.engine import stopping
from srcore.engine.stopping import is_to_stop


def told(signal=None, reason="", ended=False):
    run = SimpleNamespace(stop=SimpleNamespace(signal_number=signal), stop_reason=reason)
    return run, SimpleNamespace(should_terminate=ended)


@pytest.mark.parametrize(
    ("told_before", "stops"),
    [({}, False), ({"signal": 2}, True), ({"reason": "enough"}, True), ({"ended": True}, True)],
)
def test_one_process_asks_itself(told_before, stops):
    assert is_to_stop(*told(**told_before)) is stops


@pytest.mark.parametrize(
    ("agreed", "signal_number", "reason"),
    [(0.0, None, ""), (1.0, None, "another process asked for it"), (2.0, 15, "")],
)
def test_who_stops_for_another_process_knows_why(monkeypatch, agreed, signal_number, reason):
    monkeypatch.setattr(stopping.idist, "get_world_size", lambda: 2)
    monkeypatch.setattr(stopping.idist, "all_reduce", lambda value, op: agreed)
    run, trainer = told()
    assert is_to_stop(run, trainer) is (agreed > 0)
    assert (run.stop.signal_number, run.stop_reason) == (signal_number, reason)


def test_ones_own_reason_stays(monkeypatch):
    monkeypatch.setattr(stopping.idist, "get_world_size", lambda: 2)
    monkeypatch.setattr(stopping.idist, "all_reduce", lambda value, op: value)
    run, trainer = told(signal=2)
    assert is_to_stop(run, trainer)
    assert run.stop.signal_number == 2
    run, trainer = told(reason="enough")
    assert is_to_stop(run, trainer)
    assert run.stop_reason == "enough"
