"""A training that takes a step when it is told to."""

import io
import os
import sys

import pytest
from safetensors.numpy import load_file

from srcore.plugin.manager import plugins
from srcore.profiling.options import WARM_UP
from srcore.profiling.turn_taker import TURN
from srcore.profiling.turns import take_turns
from srcore.testing.experiments import load_checked


@pytest.mark.parametrize("told", [WARM_UP + 1, 1])
def test_steps_are_taken_as_long_as_somebody_asks(
    told, tiny_experiment, tmp_path, monkeypatch, capfd
):
    loaded = load_checked(tiny_experiment)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n" * told))
    weights = tmp_path / "trained.safetensors"
    kept = os.dup(1)
    try:
        answer = take_turns(
            loaded.experiment(loaded.stages[0]), plugins(), tmp_path, steps=1, weights=str(weights)
        )
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == len(answer["losses"]) == told
    assert all(float(line.removeprefix(TURN)) > 0 for line in lines)
    assert all(it["l1"] > 0 for it in answer["losses"])
    names = load_file(weights)
    assert {name.partition(".")[0] for name in names} == {"generator", "ema"}
