"""Every role on two processes: a method with three networks, and a loss that trains a part."""

import functools
import math
import sys
from pathlib import Path

import attrs
import pytest
import torch
from ignite import distributed as idist
from ignite.engine import Events
from safetensors.torch import load_file
from torch import nn
from torch.optim import SGD

import srcore
from srcore import Role
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.runs.records import read_records
from srcore.testing import assert_same_state
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks into /proc"),
]

EXAMPLE = Path(__file__).parents[2] / "examples" / "srplug-joint"

JOINT = """
extends = "tiny.toml"

[method]
type = "joint"

[networks.degrader]
type = "shrink"
num_features = 4

[discriminator]
type = "patch"
num_features = 4
num_layers = 1

[[losses]]
type = "adapted"

[[losses]]
type = "mse"
name = "color"
for = "degrader"

[optimizer.degrader]
type = "plain"
clip_gradient_norm = 1e-3

[train]
iterations = 4
ema_decay = 0.5
ema_warmup = false
log_every = 1
validate_every = 4
tensorboard = false
"""


NETWORKS = {"generator", "degrader", "discriminator", "adapted_adapter"}


@attrs.frozen(kw_only=True)
class AdaptedOptions:
    """A loss whose convolution is trained."""

    def roles(self):
        return {"adapter": Role(kind="module")}


class Adapted(nn.Module):
    """L1 behind a trained 1x1 convolution; in one process it may spoil an iteration."""

    spoilt = None

    def __init__(self):
        super().__init__()
        self.adapter = nn.Conv2d(3, 3, 1)

    def forward(self, context):
        context.log("rank", torch.tensor(float(idist.get_rank())))
        value = (self.adapter(context.sr) - context.hr).abs().mean()
        return value * (math.nan if (idist.get_rank(), context.iteration) == self.spoilt else 1)


class Watch:
    """Keeps what each process holds, before the first iteration and after each."""

    def __init__(self, folder):
        self.folder = folder

    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("loss", "adapted", AdaptedOptions, Adapted)
        registry.add("optimizer", "plain", None, lambda parameters: SGD(parameters, lr=1.0))

    @srcore.hookimpl
    def srcore_engines_created(self, run, trainer, evaluator):
        parts = run.in_training.parts
        roles = parts.roles | parts.loss_parts

        def keep(_):
            # Statistics of BatchNorm are those of the first process, which is saved.
            networks = {name: made.network for name, made in roles.items()}
            networks["average"] = roles["generator"].average.network
            kept = {
                name: {key: value.detach() for key, value in network.named_parameters()}
                for name, network in networks.items()
            }
            file = self.folder / f"{trainer.state.iteration}_{idist.get_rank()}.pt"
            torch.save(kept, file)

        trainer.add_event_handler(Events.STARTED | Events.ITERATION_COMPLETED, keep)


@pytest.fixture
def launch(tiny_experiment, tmp_path):
    """Train on two processes; returns what each held after every iteration."""
    file = tiny_experiment.with_name("joint.toml")
    file.write_text(JOINT)

    def of(output, *settings, ranks=2, spoilt=None, prepare=lambda: None, **options):
        logs = [tmp_path / f"{output}_{rank}.log" for rank in range(ranks)]
        folder = tmp_path / f"{output}_kept"
        folder.mkdir(exist_ok=True)

        def work(rank):
            sys.path.insert(0, str(EXAMPLE))
            from srplug_joint import plugin

            Adapted.spoilt = spoilt
            prepare()
            with using(PluginManager(discover=False, extra=[plugin, Watch(folder)])):
                loaded = srcore.load_experiment(file, settings)
                run_experiment(loaded, tmp_path / output, quiet=True, **options)

        children = fork_ranks(work, logs)
        assert [wait(child, 120) for child in children] == [0] * ranks, logs[0].read_text()
        return {
            tuple(map(int, path.stem.split("_"))): torch.load(path, weights_only=True)
            for path in folder.iterdir()
        }

    return of


def state_of(output):
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


def assert_parameters(state, parameters):
    assert parameters
    assert_same_state({name: state[name] for name in parameters}, parameters)


def distance(state, other):
    """Length of the step between two states of a network."""
    return math.sqrt(sum(float(((state[key] - other[key]) ** 2).sum()) for key in state))


def test_every_role_is_trained_averaged_logged_and_exported(launch, tmp_path):
    kept = launch("out")
    assert set(kept[0, 0]) == NETWORKS | {"average"}
    for iteration in range(5):
        assert_same_state(kept[iteration, 0], kept[iteration, 1])
    for name in kept[0, 0]:
        assert distance(kept[0, 0][name], kept[4, 0][name]) > 0, name
    for iteration in range(1, 5):
        step = distance(kept[iteration - 1, 0]["degrader"], kept[iteration, 0]["degrader"])
        assert 0 < step <= 1.001e-3, "the gradient of both processes together is clipped"
        before, now = kept[iteration - 1, 0], kept[iteration, 0]
        for key, value in now["average"].items():
            expected = (before["average"][key] + now["generator"][key]) / 2
            torch.testing.assert_close(value, expected, atol=1e-7, rtol=1e-5)

    state, folder = state_of(tmp_path / "out"), tmp_path / "out/tiny"
    assert set(state["optimizers"]) == NETWORKS
    for name in NETWORKS:
        assert_parameters(state["networks"][name], kept[4, 0][name])
    rows = [row for row in read_records(folder / "metrics.jsonl") if row["phase"] == "train"]
    assert len(rows) == 4
    for row in rows:
        assert row["values"]["rank"] == 0.5, "a mean over both processes"
        assert {"adapted", "color", "judged", "gradient_norm/degrader"} <= set(row["values"])
    assert {path.stem for path in folder.glob("*.safetensors")} >= {"generator", "degrader"}
    assert_parameters(load_file(folder / "degrader.safetensors"), kept[4, 0]["degrader"])


def test_every_role_goes_on_after_a_resume_as_if_nothing_had_been(launch, tmp_path):
    launch("whole")
    launch("parts", "train.iterations=2")
    launch("parts", resume=True)
    whole, parts = state_of(tmp_path / "whole"), state_of(tmp_path / "parts")
    for key in ("networks", "optimizers", "losses", "others"):
        assert_same_state(whole[key], parts[key])
    for name in ("generator.safetensors", "degrader.safetensors"):
        one, other = (tmp_path / it / "tiny" / name for it in ("whole", "parts"))
        assert one.read_bytes() == other.read_bytes()


def test_a_loss_that_is_no_number_in_one_process_is_put_back_in_both(launch, tmp_path):
    kept = launch("out", "train.nan_skips=2", spoilt=(1, 3))
    for iteration in range(5):
        assert_same_state(kept[iteration, 0], kept[iteration, 1])
    assert_same_state(kept[2, 0], kept[3, 0])
    for name in kept[0, 0]:
        assert distance(kept[3, 0][name], kept[4, 0][name]) > 0, name
    assert "iteration 3" in (tmp_path / "out/tiny/run.log").read_text()


def eagerly():
    """Trace as ever, but do not compile: that takes a minute."""
    torch.compile = functools.partial(torch.compile, backend="eager")


def test_a_compiled_generator_is_trained_alike(launch):
    compiled, plain = launch("compiled", "train.compile=true", prepare=eagerly), launch("plain")
    for iteration in range(5):
        assert_same_state(compiled[iteration, 0], compiled[iteration, 1])
        for name, state in plain[iteration, 0].items():
            for key, value in state.items():
                torch.testing.assert_close(compiled[iteration, 0][name][key], value)
