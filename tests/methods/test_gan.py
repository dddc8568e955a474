"""Adversarial training: order and gating, what each network sees, weights and logs."""

import copy
import json
import math

import attrs
import pytest
import torch
from torch import nn

import srcore
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.options import option
from srcore.testing import assert_close, assert_same_state

RAGAN = 'losses=[{type="l1",weight=1e-2},{type="adversarial",weight=5e-3,relativistic="average"}]'


@pytest.fixture
def states(experiment, tmp_path):
    """Train with the engine; return the checkpoints of all iterations and the logged values."""

    def train(*overrides):
        loaded = srcore.load_experiment(experiment, overrides)
        run_experiment(loaded, tmp_path / "runs", quiet=True, overwrite=True)
        folder = tmp_path / "runs/tiny"
        files = sorted((folder / "checkpoints").glob("iteration_*.pt"))
        rows = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
        return (
            [torch.load(file, weights_only=True) for file in files],
            [row["values"] for row in rows if row["phase"] == "train"],
        )

    return train


def steps(state, network):
    """Number of updates of a network's optimizer."""
    values = state["optimizers"][network]["state"].values()
    numbers = {int(entry["step"]) for entry in values}
    return numbers.pop() if numbers else 0


# --- order and gating --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "generator", "discriminator"),
    [
        ((), [1, 2, 3, 4], [1, 2, 3, 4]),
        (("method.generator_every=2",), [0, 1, 1, 2], [1, 2, 3, 4]),
        (("method.generator_start=2",), [0, 0, 1, 2], [1, 2, 3, 4]),
        (("method.generator_every=2", "method.generator_start=2"), [0, 0, 0, 1], [1, 2, 3, 4]),
        (("method.discriminator_steps=3",), [1, 2, 3, 4], [3, 6, 9, 12]),
        (("method.adversarial_start=2",), [1, 2, 3, 4], [1, 2, 3, 4]),
        (("method.order=discriminator_first",), [1, 2, 3, 4], [1, 2, 3, 4]),
    ],
)
def test_networks_are_updated_as_often_as_asked(states, settings, generator, discriminator):
    recorded, _ = states(*settings)
    assert [steps(state, "generator") for state in recorded] == generator
    assert [steps(state, "discriminator") for state in recorded] == discriminator


def test_generator_stays_as_it_is_where_it_is_not_updated(states):
    recorded, logs = states("method.generator_every=2")
    weights = [state["networks"]["generator"] for state in recorded]
    assert_same_state(weights[1], weights[2])
    assert not torch.equal(weights[0]["conv_first.weight"], weights[1]["conv_first.weight"])
    assert ["l1" in values for values in logs] == [False, True, False, True]
    assert all("adversarial_real" in values for values in logs)


def test_adversarial_term_waits_for_its_start_but_the_discriminator_does_not(states):
    _, logs = states("method.adversarial_start=2")
    assert ["adversarial" in values for values in logs] == [False, False, True, True]
    assert all(values.keys() >= {"l1", "adversarial_real", "adversarial_fake"} for values in logs)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_average_follows_in_every_iteration(states, every):
    recorded, _ = states(
        f"method.generator_every={every}", "train.ema_decay=0.9", "train.ema_warmup=false"
    )
    average = None
    for state in recorded:
        networks = state["networks"]
        if average is not None:
            for name, value in networks["generator"].items():
                expected = 0.9 * average[name] + 0.1 * value
                assert_close(networks["ema"][name], expected, rtol=1e-5, atol=1e-7)
        average = networks["ema"]


PLAIN_GENERATOR = ["D(sr) with graph, frozen", "update generator"]
PLAIN_DISCRIMINATOR = [
    "D(hr) constant, trained",
    "D(sr) constant, trained",
    "update discriminator",
]
RAGAN_GENERATOR = ["D(hr) constant, frozen", "D(sr) with graph, frozen", "update generator"]
RAGAN_DISCRIMINATOR = [
    "D(sr) constant, trained",
    "D(hr) constant, trained",
    "D(sr) constant, trained",
    "update discriminator",
]


@pytest.mark.parametrize(
    ("settings", "events"),
    [
        ((), [*PLAIN_GENERATOR, *PLAIN_DISCRIMINATOR]),
        ((RAGAN,), [*RAGAN_GENERATOR, *RAGAN_DISCRIMINATOR]),
        (("method.order=discriminator_first",), [*PLAIN_DISCRIMINATOR, *PLAIN_GENERATOR]),
        (("method.generator_start=1",), PLAIN_DISCRIMINATOR),
        (("method.adversarial_start=1",), ["update generator", *PLAIN_DISCRIMINATOR]),
        (
            ("method.discriminator_steps=2",),
            [*PLAIN_GENERATOR, *PLAIN_DISCRIMINATOR, *PLAIN_DISCRIMINATOR],
        ),
    ],
)
def test_forward_passes_and_updates_come_in_the_published_order(stepper, settings, events):
    run = stepper(*settings)
    run.iterate(1)
    assert run.events == ["generate", *events]


@pytest.mark.parametrize("order", ["generator_first", "discriminator_first"])
def test_discriminator_sees_images_from_before_the_generators_update(stepper, order):
    run = stepper(f"method.order={order}", RAGAN)
    before = copy.deepcopy(run.parts.generator_module)
    run.iterate(1)
    with torch.no_grad():
        made = before(run.batch["lr"])
    fakes = [image for image in run.seen if not torch.equal(image, run.batch["hr"])]
    assert len(fakes) == 3
    for image in fakes:
        assert torch.equal(image, made)
    after = run.parts.generator_module(run.batch["lr"])
    assert not torch.equal(after, made)


def test_generator_phase_gives_the_discriminator_no_gradients(stepper):
    run = stepper(RAGAN)
    parts = run.parts
    update, gradients = parts.update_generator, []

    def watched(terms):
        parts.updaters["generator"].step = lambda: None
        update(terms)
        gradients.extend(parameter.grad for parameter in parts.discriminator_module.parameters())
        assert all(p.grad is not None for p in parts.generator_module.parameters())

    parts.update_generator = watched
    run.iterate(1)
    assert gradients == [None] * len(gradients)
    assert gradients
    assert all(parameter.requires_grad for parameter in parts.discriminator_module.parameters())


# --- what the discriminator is given -------------------------------------------------------------


class Conditional(nn.Module):
    """A discriminator that looks at the truth's mean color; remembers what it was given."""

    def __init__(self):
        super().__init__()
        self.features, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 1, 1)
        self.made, self.given = [], []

    def condition(self, batch):
        color = self.features(batch["hr"]).mean((2, 3), keepdim=True)
        self.made.append(color)
        return color

    def forward(self, image, condition):
        self.given.append(condition)
        return self.head(self.features(image) * condition)


@attrs.frozen(kw_only=True)
class BrightenOptions:
    """Adds a constant."""

    amount: float = option(0.5, "added")


class Brighten:
    """A differentiable input of the discriminator; remembers progress and draws."""

    calls: list = []  # noqa: RUF012 - the test clears it

    def __init__(self, amount):
        self.amount = amount

    def __call__(self, image, *, progress, generator):
        self.calls.append((progress, float(torch.rand((), generator=generator))))
        return image + self.amount


class DrawnLabels:
    """Labels per image; remembers every draw."""

    draws: list = []  # noqa: RUF012 - the test clears it

    def __call__(self, batch_size, *, progress, generator):
        self.draws.append(torch.rand(batch_size, generator=generator))
        return 0.8 + 0.2 * self.draws[-1], 0.1 * self.draws[-1]


class Witness(nn.Module):
    """A loss for both networks that remembers the contexts."""

    contexts: list = []  # noqa: RUF012 - the test clears it

    def forward(self, context):
        self.contexts.append(context)
        return context.sr.mean() * 0

    def discriminator_terms(self, context):
        self.contexts.append(context)
        yield "witness", context.discriminate(context.hr).mean() * 0


@pytest.fixture
def parts_of_a_plugin(isolated_plugins):
    registry = isolated_plugins.registry
    registry.add("discriminator", "conditional", None, Conditional)
    registry.add("discriminator_input", "brighten", BrightenOptions, Brighten)
    registry.add("labels", "drawn", None, DrawnLabels)
    registry.add("loss", "witness", None, Witness, needs=("discriminator",))
    for memory in (Brighten.calls, DrawnLabels.draws, Witness.contexts):
        memory.clear()


def test_condition_is_computed_once_and_handed_to_real_and_fake(parts_of_a_plugin, stepper):
    run = stepper("discriminator.type=conditional", RAGAN)
    network = run.parts.discriminator_module
    for iteration in (1, 2):
        run.iterate(iteration)
        assert len(network.made) == iteration
        assert len(network.given) == 5 * iteration
        assert all(given is network.made[-1] for given in network.given[-5:])
        assert not network.made[-1].requires_grad


def test_inputs_change_every_image_that_the_discriminator_sees(parts_of_a_plugin, stepper):
    chain = 'discriminator.inputs=[{type="brighten"},{type="brighten",amount=0.25}]'
    run = stepper(chain)
    run.iterate(3)
    fake, real, fake_again = run.seen
    assert_close(fake, run.sr + 0.75, rtol=0, atol=1e-6)
    assert_close(real, run.batch["hr"] + 0.75, rtol=0, atol=1e-6)
    assert torch.equal(fake, fake_again)
    assert [progress for progress, _ in Brighten.calls] == [3 / 4] * 6
    draws = [draw for _, draw in Brighten.calls]
    assert len(set(draws)) == 6, "every image gets a draw of its own"
    Brighten.calls.clear()
    run.iterate(3)
    assert [draw for _, draw in Brighten.calls] == draws, "an iteration decides its draws"


def test_labels_are_drawn_once_and_shared_by_both_networks(parts_of_a_plugin, stepper):
    run = stepper(
        "method.labels.type=drawn",
        'losses=[{type="witness"},{type="adversarial"}]',
        "method.discriminator_steps=2",
    )
    run.iterate(1)
    assert len(DrawnLabels.draws) == 1
    (first, *others) = [context.labels for context in Witness.contexts]
    assert len(others) == 2
    assert all(labels is first for labels in others)
    assert first[0].shape == (2,)


def test_losses_see_detached_images_while_the_discriminator_is_trained(parts_of_a_plugin, stepper):
    run = stepper('losses=[{type="witness"}]')
    run.iterate(2)
    for_generator, for_discriminator = Witness.contexts
    assert for_generator.sr.requires_grad
    assert not for_discriminator.sr.requires_grad
    assert torch.equal(for_generator.sr, for_discriminator.sr)
    assert {context.iteration for context in Witness.contexts} == {2}
    assert {context.progress for context in Witness.contexts} == {2 / 4}


# --- weights, logs, errors -----------------------------------------------------------------------


def test_weight_multiplies_the_generators_term_only(stepper):
    light, heavy = (
        stepper(f'losses=[{{type="adversarial",weight={weight}}}]') for weight in (0.1, 100.0)
    )
    first, second = light.iterate(1), heavy.iterate(1)
    assert_close(second["adversarial"], 1000 * first["adversarial"])
    for name in ("adversarial_real", "adversarial_fake"):
        assert torch.equal(first[name], second[name])
    assert_same_state(
        light.parts.discriminator_module.state_dict(), heavy.parts.discriminator_module.state_dict()
    )


def test_penalty_carries_its_weight_and_leaves_the_generator_alone(stepper):
    values = []
    for weight in (1.0, 10.0):
        losses = f'losses=[{{type="adversarial"}},{{type="r1",weight={weight}}}]'
        run = stepper(losses)
        logs = run.iterate(1)
        assert "r1" not in logs
        (name,) = [name for name in logs if name.startswith("r1_")]
        values.append(logs[name])
    assert_close(values[1], 10 * values[0])


def test_every_term_and_the_state_of_training_are_logged(states):
    _, logs = states(
        "train.iterations=2",
        "schedule.discriminator.type=multistep",
        "schedule.discriminator.milestones=[1]",
    )
    for values in logs:
        assert values.keys() == {
            "l1", "adversarial", "adversarial_real", "adversarial_fake", "d_real", "d_fake",
            "learning_rate/generator", "learning_rate/discriminator",
            "gradient_norm/generator", "gradient_norm/discriminator",
        }  # fmt: skip
        assert all(map(math.isfinite, values.values()))
        assert values["gradient_norm/discriminator"] > 0
    assert [values["learning_rate/generator"] for values in logs] == [1e-3, 1e-3]
    assert [values["learning_rate/discriminator"] for values in logs] == [2e-3, 1e-3]


def test_each_network_is_clipped_by_its_own_limit(states):
    loose, _ = states("train.iterations=1")
    tight, logs = states("train.iterations=1", "optimizer.discriminator.clip_gradient_norm=1e-9")
    assert_same_state(loose[0]["networks"]["generator"], tight[0]["networks"]["generator"])
    moments = tight[0]["optimizers"]["discriminator"]["state"].values()
    assert max(float(entry["exp_avg"].abs().max()) for entry in moments) < 1e-9
    assert logs[0]["gradient_norm/discriminator"] > 1e-3, "the norm before clipping is logged"


class BrokenLoss(nn.Module):
    """Not a number for the discriminator."""

    def forward(self, context):
        return context.sr.mean() * 0

    def discriminator_terms(self, context):
        yield "real", context.discriminate(context.hr).mean() * float("nan")


def test_bad_term_of_the_discriminator_is_named(isolated_plugins, experiment, tmp_path):
    isolated_plugins.registry.add("loss", "broken", None, BrokenLoss, needs=("discriminator",))
    loaded = srcore.load_experiment(experiment, ['losses=[{type="broken"}]'])
    with pytest.raises(SrcoreError, match='iteration 1: loss term "broken_real" is nan; training'):
        run_experiment(loaded, tmp_path / "runs", quiet=True)


def test_accumulated_parts_equal_the_whole_batch(states):
    settings = (
        "train.batch_size=4",
        "train.iterations=2",
        "discriminator.type=patch",
        "discriminator.num_features=4",
        "discriminator.norm=none",
        "discriminator.num_layers=1",
    )
    (*_, whole), _ = states(*settings)
    (*_, parts), _ = states(*settings, "train.accumulate=2")
    for network in ("generator", "discriminator", "ema"):
        for name, value in whole["networks"][network].items():
            assert_close(parts["networks"][network][name], value, rtol=1e-3, atol=2e-5)
