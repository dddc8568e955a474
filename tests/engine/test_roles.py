"""Networks in their roles: a method with three of them, a frozen one, and what losses train."""

import sys
from pathlib import Path

import attrs
import pytest
import torch
from torch import nn

import srcore
from srcore import GENERATOR, Method, Role, Selected, component, option
from srcore.engine.parts import Parts
from srcore.engine.roles import parameters_without_gradient
from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing import assert_close, assert_same_state
from srcore.testing.experiments import load_checked

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
type = "l1"

[[losses]]
type = "mse"
name = "color"
for = "degrader"

[optimizer.degrader]
type = "adam"
learning_rate = 1e-3
clip_gradient_norm = 1.0

[schedule.degrader]
type = "multistep"
milestones = [3]
"""


@attrs.frozen(kw_only=True)
class DistillOptions:
    """A student learns from a frozen teacher."""

    def roles(self):
        return {"generator": GENERATOR, "teacher": Role(trained=False, needs_weights=True)}


class Distill(Method):
    """The output of the teacher takes the place of the ground truth."""

    def __init__(self, parts):
        super().__init__(parts)
        self.seen = torch.zeros(())

    def step(self, batch):
        teacher = self.parts.roles["teacher"].wrapped
        target = {**batch, "hr": teacher(batch["lr"])}
        terms = self.parts.generator_terms(
            self.parts.context(target, self.parts.generator(batch["lr"]))
        )
        self.parts.update_generator(terms)
        self.seen += 1
        return {name: value.detach() for name, value in terms.items()}

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        self.seen = state["seen"]


@attrs.frozen(kw_only=True)
class AdaptedOptions:
    """An l1 loss behind a trained 1x1 convolution."""

    gain: float = option(1.0, "factor of the start")

    def roles(self):
        return {"adapter": Role(kind="module")}


class Adapted(nn.Module):
    def __init__(self, gain):
        super().__init__()
        self.adapter = nn.Conv2d(3, 3, 1)
        self.frozen = nn.Conv2d(3, 3, 1)
        self.register_buffer("gain", torch.tensor(gain))

    def forward(self, context):
        self.gain *= 1.5
        return (self.frozen(self.adapter(context.sr)) - context.hr).abs().mean() * self.gain


@attrs.frozen(kw_only=True)
class HalvedOptions:
    """Half of another loss."""

    whole: Selected = component("loss")


class Halved(nn.Module):
    def __init__(self, whole):
        super().__init__()
        self.whole = whole.build()

    def forward(self, context):
        return self.whole(context) / 2


class Extra:
    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("method", "distill", DistillOptions, Distill)
        registry.add("loss", "adapted", AdaptedOptions, Adapted)
        registry.add("loss", "halved", HalvedOptions, Halved)


@pytest.fixture
def plugged(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from srplug_joint import plugin

    with using(PluginManager(discover=False, extra=[plugin, Extra()])) as manager:
        yield manager
    for name in [name for name in sys.modules if name.startswith("srplug_joint")]:
        del sys.modules[name]


@pytest.fixture
def joint(plugged, tiny_experiment):
    file = tiny_experiment.with_name("joint.toml")
    file.write_text(JOINT)
    return file


def run(file, output, *overrides):
    run_experiment(load_checked(file, overrides), output, resume=True, quiet=True)


def state_of(output, name="tiny"):
    return torch.load(output / name / "checkpoints" / "last.pt", weights_only=True)


def problems(file, *overrides):
    with pytest.raises(ConfigError) as error:
        load_checked(file, overrides)
    return str(error.value)


def test_three_networks_are_trained_saved_and_resumed(joint, tmp_path):
    run(joint, tmp_path / "whole")
    run(joint, tmp_path / "parts", "train.iterations=2")
    run(joint, tmp_path / "parts")
    whole, parts = state_of(tmp_path / "whole"), state_of(tmp_path / "parts")
    assert set(whole["networks"]) == {"generator", "degrader", "discriminator", "ema"}
    assert set(whole["optimizers"]) == {"generator", "degrader", "discriminator"}
    for key in ("networks", "optimizers"):
        assert_same_state(whole[key], parts[key])
    folder = tmp_path / "whole/tiny"
    assert {path.stem for path in folder.glob("*.safetensors")} >= {"generator", "degrader"}
    log = (folder / "metrics.jsonl").read_text()
    assert '"learning_rate/degrader": 0.0005' in log, "the schedule of the role"
    assert '"gradient_norm/degrader"' in log
    assert '"color"' in log


def test_every_trained_network_moves(joint):
    experiment = srcore.load_experiment(joint)
    experiment = experiment.experiment(experiment.stages[0])
    parts = Parts(experiment, torch.device("cpu"), registry=plugins().registry)
    before = {
        name: [parameter.clone() for parameter in made.network.parameters()]
        for name, made in parts.roles.items()
    }
    method = experiment.method.selected.build(parts=parts)
    parts.begin(1, watch_norm=False)
    with parts.piece(0):
        method.step({"lr": torch.rand(1, 3, 16, 16), "hr": torch.rand(1, 3, 32, 32)})
    for name, made in parts.roles.items():
        pairs = zip(before[name], made.network.parameters(), strict=True)
        assert any(not torch.equal(a, b) for a, b in pairs), name


def test_networks_that_are_updated_together_have_gradients_of_all_terms(joint):
    experiment = srcore.load_experiment(joint)
    experiment = experiment.experiment(experiment.stages[0])
    parts = Parts(experiment, torch.device("cpu"), registry=plugins().registry)
    generator, degrader = (parts.roles[name].network for name in ("generator", "degrader"))
    hr = torch.rand(1, 3, 32, 32)
    small = degrader(hr)
    terms = {"generator": {"l1": generator(small).mean()}, "degrader": {"color": small.mean()}}
    both = [*generator.parameters(), *degrader.parameters()]
    wanted = torch.autograd.grad(terms["generator"]["l1"] + terms["degrader"]["color"], both)
    small = degrader(hr)
    terms = {"generator": {"l1": generator(small).mean()}, "degrader": {"color": small.mean()}}
    stepped = []
    for name, updater in parts.updaters.items():
        updater.step = lambda name=name: stepped.append(name)
    parts.begin(1, watch_norm=False)
    with parts.piece(0):
        parts.update_together(terms)
        parts.update_together({"generator": {}, "degrader": {}})
    assert stepped == ["generator", "degrader"]
    for parameter, gradient in zip(both, wanted, strict=True):
        assert_close(parameter.grad, gradient)


WRONG = {
    "networks.degrader.type=edsr": 'networks.degrader.type: "edsr" lacks shrinks, which method',
    "generator.type=shrink": '"shrink" makes small images of large ones; method "joint" needs',
    "networks.generator.type=edsr": "this network has a table of its own; write [generator]",
    "networks.degradr.type=edsr": 'has no network "degradr"; did you mean "degrader"?',
    "losses[1].for=discriminator": 'losses[1].for: method "joint" has no losses for "discrim',
    "optimizer.teacher.type=adam": "optimizer.teacher: no such network is trained; trained: de",
}


@pytest.mark.parametrize("override", WRONG)
def test_a_network_that_does_not_fit_is_refused(joint, override):
    assert WRONG[override] in problems(joint, override)


def test_losses_of_a_network_that_shrinks_are_checked_for_its_images(joint):
    small = "{type='ssim', window_size=25, for='degrader'}"
    told = problems(joint, f"losses=[{{type='ssim', name='large', window_size=25}}, {small}]")
    assert "losses[1].type: expected data.train.hr_patch_size / 2 to be 25 or more" in told
    assert "losses[0]" not in told


def test_a_missing_network_is_asked_for(joint):
    text = joint.read_text()
    joint.write_text(text.replace("[networks.degrader]", "[networks.other]"))
    message = 'networks.degrader: required table is missing; method "joint" trains a network'
    assert message in problems(joint)


def test_networks_that_fit_are_named(joint):
    assert "fitting: shrink" in problems(joint, "networks.degrader.type=edsr")


@pytest.fixture
def distilled(plugged, tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path / "teacher", "train.iterations=2")
    file = tiny_experiment.with_name("distilled.toml")
    file.write_text(
        'extends = "tiny.toml"\n[method]\ntype = "distill"\n[networks.teacher]\ntype = "edsr"\n'
        "num_features = 8\nnum_blocks = 1\n"
        'weights = "teacher/tiny/generator.safetensors"\n'
    )
    return file


def test_a_frozen_network_is_neither_trained_nor_saved(distilled, tmp_path):
    run(distilled, tmp_path / "out")
    state = state_of(tmp_path / "out")
    assert set(state["networks"]) == {"generator", "ema"}
    assert set(state["optimizers"]) == {"generator"}


def test_the_state_of_a_method_is_saved(distilled, tmp_path):
    run(distilled, tmp_path / "out", "train.iterations=2")
    run(distilled, tmp_path / "out")
    assert state_of(tmp_path / "out")["others"]["method"]["seen"] == 6


def test_a_teacher_without_weights_is_refused(distilled):
    text = distilled.read_text()
    distilled.write_text(text[: text.index("weights")])
    assert "networks.teacher.weights: required key is missing" in problems(distilled)


def test_parts_of_a_loss_are_trained_saved_and_resumed(plugged, tiny_experiment, tmp_path):
    loss = (
        'losses=[{type="l1"}, {type="adapted", name="far"}]',
        "optimizer.far_adapter.type=adam",
        "optimizer.far_adapter.learning_rate=1e-2",
    )
    run(tiny_experiment, tmp_path / "whole", *loss)
    run(tiny_experiment, tmp_path / "parts", *loss, "train.iterations=2")
    run(tiny_experiment, tmp_path / "parts", *loss)
    whole, parts = state_of(tmp_path / "whole"), state_of(tmp_path / "parts")
    for key in ("networks", "optimizers", "losses"):
        assert_same_state(whole[key], parts[key])
    kept = set(whole["losses"][1])
    assert kept == {"gain", "adapter.weight", "adapter.bias"}, "never frozen parameters"
    assert whole["losses"][1]["gain"] > 1, "buffers are state"
    first = state_of(tmp_path / "parts")["networks"]["far_adapter"]["weight"]
    assert first.shape == (3, 3, 1, 1)


def test_what_a_loss_inside_another_would_train_is_refused(plugged, tiny_experiment):
    """Nothing would train it: silently frozen is worse than refused."""
    halved = '{{type="halved", whole={{type="{}"}}}}'
    twice = '{type="halved", whole={type="halved", whole={type="adapted"}}}'
    load_checked(tiny_experiment, [f"losses=[{halved.format('l1')}]"])
    for loss, place in ((halved.format("adapted"), "whole"), (twice, "whole.whole")):
        (line,) = problems(tiny_experiment, f"losses=[{loss}]").splitlines()
        assert line.endswith(
            f': losses[0].{place}: loss "adapted" trains adapter, which would stay frozen inside '
            "of another component; give it a table [[losses]] of its own"
        )


def test_an_old_checkpoint_without_states_of_parts_is_taken(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, "train.iterations=2")
    last = tmp_path / "tiny/checkpoints/last.pt"
    state = torch.load(last, weights_only=True)
    for key in ("others", "evaluated"):
        del state[key]
    torch.save(state, last)
    run(tiny_experiment, tmp_path)
    assert state_of(tmp_path)["iteration"] == 6


class Idle(nn.Module):
    def __init__(self):
        super().__init__()
        self.used = nn.Conv2d(3, 3, 1)
        self.idle = nn.Linear(2, 2)

    def forward(self, image):
        return self.used(image)


def test_parameters_without_gradient_are_found():
    assert parameters_without_gradient(Idle()) == ["idle.weight", "idle.bias"]
    assert parameters_without_gradient(nn.Conv2d(3, 3, 1)) == []


def test_a_network_that_cannot_be_probed_counts_as_one_that_uses_all():
    assert parameters_without_gradient(nn.Linear(2, 2)) == []
