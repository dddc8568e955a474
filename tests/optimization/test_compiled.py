"""Frozen parameters and groups under ``train.compile``: as without, and across a resume.

PyTorch's tracers do here what they do before a compiler is called, which takes a minute; one slow
test calls it.
"""

import functools

import pytest
import torch

from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state
from srcore.testing.experiments import load_checked
from srcore.testing.killing import fork, wait

FROZEN = "generator.frozen=['conv_first.*', '*.conv1.weight']"
GROUPS = (
    "optimizer.generator.groups=[{match='*.bias', learning_rate=1e-2},"
    " {match='conv_last.*', learning_rate_factor=0.1}]"
)
COMPILED = "train.compile=true"


@pytest.fixture
def traced(monkeypatch):
    """Trace forward and backward passes, and then compute them operation by operation."""
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
    yield
    torch.compiler.reset()


def run(file, output, *overrides):
    run_experiment(load_checked(file, overrides), output, resume=True, quiet=True)
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


def is_frozen(name):
    return name.startswith("conv_first.") or name.endswith(".conv1.weight")


@pytest.mark.usefixtures("traced")
def test_compiled_ones_are_trained_as_others(tiny_experiment, tmp_path):
    overrides = (FROZEN, GROUPS)
    plain = run(tiny_experiment, tmp_path / "plain", *overrides)
    compiled = run(tiny_experiment, tmp_path / "compiled", COMPILED, *overrides)
    for key in ("generator", "ema"):
        for name, value in plain["networks"][key].items():
            torch.testing.assert_close(compiled["networks"][key][name], value, msg=name)
    first, second = (it["optimizers"]["generator"] for it in (plain, compiled))
    assert first["param_groups"] == second["param_groups"]
    assert first["state"].keys() == second["state"].keys()


@pytest.mark.usefixtures("traced")
def test_frozen_ones_stay(tiny_experiment, tmp_path):
    still = "optimizer.generator.learning_rate=1e-30"
    start = run(tiny_experiment, tmp_path / "start", still, "train.iterations=1")
    end = run(tiny_experiment, tmp_path / "run", COMPILED, FROZEN)
    for name, value in start["networks"]["generator"].items():
        for copy in ("generator", "ema"):
            assert torch.equal(end["networks"][copy][name], value) is is_frozen(name), name


@pytest.mark.usefixtures("traced")
def test_resumed_ones_go_on_to_the_bit(tiny_experiment, tmp_path):
    overrides = (COMPILED, FROZEN, GROUPS)
    whole = run(tiny_experiment, tmp_path / "whole", *overrides)
    run(tiny_experiment, tmp_path / "parts", *overrides, "train.iterations=3")
    torch.compiler.reset()  # another process traces anew
    parts = run(tiny_experiment, tmp_path / "parts", *overrides)
    for key in ("networks", "optimizers"):
        assert_same_state(whole[key], parts[key])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_resumed_ones_go_on_to_the_bit_by_the_compiler(tiny_experiment, tmp_path):
    """In processes of their own: threads of the compiler are nothing that tests fork with."""
    overrides = (COMPILED, FROZEN, GROUPS)

    def train(folder, *further):
        import torch._inductor.config

        torch._inductor.config.compile_threads = 1
        run(tiny_experiment, tmp_path / folder, *overrides, *further)

    for folder, *further in (("whole",), ("parts", "train.iterations=3"), ("parts",)):
        log = tmp_path / f"{folder}.log"
        ended = wait(fork(functools.partial(train, folder, *further), log))
        assert ended == 0, log.read_text("utf-8")
    whole, parts = (
        torch.load(tmp_path / folder / "tiny/checkpoints/last.pt", weights_only=True)
        for folder in ("whole", "parts")
    )
    for key in ("networks", "optimizers"):
        assert_same_state(whole[key], parts[key])
