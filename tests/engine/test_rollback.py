"""A skipped iteration leaves no trace, whatever had been done before it turned out to be bad."""

import pytest
import torch
from torch import nn

import srcore
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state

GAN = (
    'method={type="gan"}',
    'discriminator={type="patch",num_features=4,num_layers=2,norm="batch"}',
    'losses=[{type="l1"},{type="once"}]',
    "train.batch_size=2",
)
POOL = 'data.train.transforms=[{type="spoil"},{type="pair_pool",size=4}]'


class Spoil:
    """Makes the batch of one iteration NaN, as a division by zero in an augmentation does."""

    def __init__(self, clock):
        self.clock = clock

    def __call__(self, batch, generator):
        bad = self.clock.iteration == self.clock.bad and "transform" in self.clock.where
        return {name: value * torch.nan if bad else value for name, value in batch.items()}


class AdversarialOnce(nn.Module):
    """A discriminator term that is infinite in one iteration, after the generator was updated."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def forward(self, context):
        return -context.discriminate(context.sr).mean()

    def discriminator_terms(self, context):
        bad = "term" in self.clock.where and context.iteration == self.clock.bad
        yield "real", (torch.inf if bad else 1.0) * context.discriminate(context.hr).square().mean()


class Clock:
    """When and where something goes wrong."""

    bad, where, iteration = 3, "", 0


def normalized(scale):
    network = nn.Sequential(
        nn.Conv2d(3, 3 * scale**2, 3, padding=1),
        nn.BatchNorm2d(3 * scale**2),
        nn.PixelShuffle(scale),
    )
    network.scale = scale
    return network


@pytest.fixture
def train(isolated_plugins, tiny_experiment, tmp_path, monkeypatch):
    """Train with something going wrong; the state of every iteration, in memory."""
    from srcore.engine.parts import Parts

    clock = Clock()
    add = isolated_plugins.registry.add
    add("network", "normalized", None, lambda scale: normalized(scale))
    add("transform", "spoil", None, lambda scale: Spoil(clock))
    add("loss", "once", None, lambda: AdversarialOnce(clock), needs=("discriminator",))
    begin = Parts.begin

    def ticking(self, iteration, **options):
        clock.iteration = iteration
        begin(self, iteration, **options)

    monkeypatch.setattr(Parts, "begin", ticking)

    def train(where, *overrides):
        clock.where = where
        settings = (
            'generator={type="normalized"}',
            "train.iterations=4",
            "train.keep_every=1",
            "train.nan_skips=1",
            "train.validate_every=0",
            POOL,
            *overrides,
        )
        run_experiment(srcore.load_experiment(tiny_experiment, settings), tmp_path)
        folder = tmp_path / "tiny" / "checkpoints"
        return [
            torch.load(folder / f"iteration_{number:08d}.pt", weights_only=True)
            for number in range(1, 5)
        ]

    return train


def without_iteration(state):
    ignored = ("iteration", "skipped_in_row")
    return {key: value for key, value in state.items() if key not in ignored}


BATCH = 'after transform 1, the mean of "lr" is nan, "hr" is nan'
TERM = 'loss term "once_real" is inf'


@pytest.mark.parametrize(
    ("where", "settings"),
    [
        (BATCH, ("train.batch_size=2",)),
        (BATCH, GAN),
        (TERM, GAN),
        (TERM, (*GAN, "train.precision=bfloat16")),
        (TERM, (*GAN, "train.accumulate=2", "train.batch_size=4")),
    ],
    ids=["supervised", "gan", "after the generator", "bfloat16", "second part"],
)
def test_skipped_iteration_changes_nothing(train, caplog, where, settings):
    _, before, skipped, after = train(where, *settings)
    assert f"iteration 3: {where}" in caplog.text
    assert "iteration skipped" in caplog.text
    assert_same_state(without_iteration(before), without_iteration(skipped))
    weights = [state["networks"]["generator"]["0.weight"] for state in (skipped, after)]
    assert not torch.equal(*weights), "training goes on"
    assert all(bool(value.isfinite().all()) for value in after["networks"]["ema"].values())
