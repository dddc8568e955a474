"""What the methods show to losses; resume; two processes."""

import functools
from pathlib import Path

import pytest
import torch

import srcore
from srcore.engine.parts import Parts
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing import assert_same_state
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks

FILES = ("small.toml", "adversarial.toml")
BOTH = (
    'losses=[{type="mse"},{type="adversarial",weight=0.1},'
    '{type="score_distillation",weights="base.safetensors"}]'
)


def losses_of(file):
    return (BOTH,) if file == "adversarial.toml" else ()


@pytest.mark.parametrize("file", FILES)
def test_losses_see_what_is_decoded(experiment, file):
    loaded = srcore.load_experiment(experiment.with_name(file), losses_of(file))
    stage = loaded.experiment(loaded.stages[0])
    parts = Parts(stage, torch.device("cpu"), plugins().registry)
    method = stage.training_method.build(parts=parts)
    parts.begin(1, watch_norm=False)
    context = method.generate({"lr": torch.rand(2, 3, 16, 16), "hr": torch.rand(2, 3, 32, 32)})
    latents, network = context.extras["latents"], parts.generator_module
    assert latents.shape == (2, 4, 4, 4)
    decoded = network.vae.decode(latents / network.latent_factor).sample
    assert torch.equal((decoded + 1) / 2, context.sr)
    (gradient,) = torch.autograd.grad(context.sr.sum(), latents)
    assert gradient.abs().max() > 0
    method.close()
    assert not network.latents._forward_hooks


def test_adapters_alone_have_state_of_an_optimizer(experiment, train):
    state, values = train(experiment)
    network = srcore.load_generator(experiment.with_name("base.safetensors"))
    trained = [it for it in network.parameters() if it.requires_grad]
    assert len(state["optimizers"]["generator"]["state"]) == len(trained)
    before, after = network.state_dict(), state["networks"]["generator"]
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(".lora_" in name for name in changed)
    kept = state["networks"]["score_distillation_adapters"]
    assert len(kept) == sum(name.startswith("unet") and ".lora_" in name for name in before)
    assert values[-1]["regularizer"] > 0


@pytest.mark.slow
def test_resumed_run_is_bit_identical(experiment, train):
    """Of ``gan_osediff``; that of the other method is in the contract."""
    path = experiment.with_name("adversarial.toml")
    whole, _ = train(path, BOTH, "train.iterations=2", output="whole")
    train(path, BOTH, "train.iterations=1", output="parts")
    parts, _ = train(path, BOTH, "train.iterations=2", output="parts", resume=True)
    assert_same_state(parts, whole)


def train_on_ranks(file, output, overrides, tmp_path):
    logs = [tmp_path / f"{output.name}_{rank}.log" for rank in range(2)]
    for log in logs:
        log.touch()
    work = functools.partial(_train, file, output, overrides)
    ended = [wait(process) for process in fork_ranks(lambda rank: work(), logs)]
    assert ended == [0, 0], "\n".join(log.read_text()[-3000:] for log in logs)
    return torch.load(output / "small/checkpoints/last.pt", weights_only=True)


def _train(file, output, overrides):
    run_experiment(srcore.load_experiment(file, overrides), output, quiet=True, resume=True)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="forks processes")
@pytest.mark.parametrize("file", FILES)
def test_two_processes_resume_bit_identically(experiment, tmp_path, file):
    path, losses = experiment.with_name(file), losses_of(file)
    whole = train_on_ranks(path, tmp_path / "whole", (*losses, "train.iterations=4"), tmp_path)
    train_on_ranks(path, tmp_path / "parts", (*losses, "train.iterations=2"), tmp_path)
    parts = train_on_ranks(path, tmp_path / "parts", (*losses, "train.iterations=4"), tmp_path)
    assert_same_state(parts, whole)
