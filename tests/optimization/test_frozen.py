"""Parameters that are not trained stay what they were, in every copy, and cost no state."""

import pytest
import torch
from safetensors.torch import load_file

from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state
from srcore.testing.experiments import load_checked
from srcore.testing.pytest_plugin import TINY_GAN

FROZEN = "generator.frozen=['conv_first.*', '*.conv1.weight']"


def run(file, output, *overrides):
    run_experiment(load_checked(file, overrides), output, resume=True, quiet=True)
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


def is_frozen(name):
    return name.startswith("conv_first.") or name.endswith(".conv1.weight")


def start_of(file, output):
    """What the networks start with: a rate so small that nothing moves."""
    return run(file, output, "optimizer.generator.learning_rate=1e-30", "train.iterations=1")


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("optimizer.generator.clip_gradient_norm=0.01",),
        ("train.precision=bfloat16",),
        ("train.accumulate=2",),
        ("train.channels_last=true",),
        ("train.nan_skips=1",),
    ],
    ids=lambda it: it[0].partition("=")[0] if it else "plain",
)
def test_frozen_parameters_stay_and_all_others_move(tiny_experiment, tmp_path, overrides):
    start = start_of(tiny_experiment, tmp_path / "start")["networks"]["generator"]
    state = run(tiny_experiment, tmp_path / "run", FROZEN, *overrides)
    exported = load_file(tmp_path / "run/tiny/generator.safetensors")
    for name, value in start.items():
        for copy in (state["networks"]["generator"], state["networks"]["ema"], exported):
            assert torch.equal(copy[name], value) is is_frozen(name), name
    (group,) = state["optimizers"]["generator"]["param_groups"]
    trained = [name for name in start if not is_frozen(name)]
    assert len(group["params"]) == len(state["optimizers"]["generator"]["state"]) == len(trained)


def test_resumed_trainings_go_on_to_the_bit(tiny_experiment, tmp_path):
    whole = run(tiny_experiment, tmp_path / "whole", FROZEN)
    run(tiny_experiment, tmp_path / "parts", FROZEN, "train.iterations=3")
    parts = run(tiny_experiment, tmp_path / "parts", FROZEN)
    for key in ("networks", "optimizers"):
        assert_same_state(whole[key], parts[key])


def test_discriminators_too_through_both_updates(tiny_experiment, tmp_path):
    text = tiny_experiment.read_text("utf-8").replace('[[losses]]\ntype = "l1"\n', "")
    tiny_experiment.write_text(text + TINY_GAN, "utf-8")
    still = "optimizer.discriminator.learning_rate=1e-30"
    start = run(tiny_experiment, tmp_path / "start", still, "train.iterations=1")
    names = list(start["networks"]["discriminator"])
    first = names[0].rpartition(".")[0]
    state = run(tiny_experiment, tmp_path / "run", f"discriminator.frozen=['{first}.*']")
    moved = {
        name: bool((value - start["networks"]["discriminator"][name]).abs().max() > 1e-20)
        for name, value in state["networks"]["discriminator"].items()
        if "weight" in name or "bias" in name
    }
    assert {name for name, has in moved.items() if not has} == {
        name for name in moved if name.startswith(f"{first}.")
    }


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ("generator.frozen=['conv_frist.*']",),
            'generator.frozen: "conv_frist.*" matches no parameter; did you mean "conv_first"?',
        ),
        (
            ("generator.frozen=['*']",),
            "generator.frozen: freezes all parameters; nothing is left to train",
        ),
        (
            ("generator.frozen=['*.bias']", "optimizer.generator.groups=[{match='*.bias'}]"),
            'optimizer.generator.groups[0].match: "*.bias" matches no parameter; parameters: ',
        ),
    ],
)
def test_patterns_that_leave_nothing_are_told(tiny_experiment, overrides, line):
    with pytest.raises(ConfigError) as caught:
        load_checked(tiny_experiment, overrides)
    (problem,) = caught.value.problems
    assert f"{problem.path}: {problem.message}".startswith(line)
