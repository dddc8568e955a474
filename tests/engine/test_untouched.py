"""An error in the middle of an iteration: what the last whole one left is saved if it is known."""

import pytest
import torch
from torch import nn

import srcore
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state

RARELY = ("train.checkpoint_every=100", "train.validate_every=0")


class Failing(nn.Module):
    """A loss that fails in iteration 4, before anything was changed."""

    broken = True

    def forward(self, context):
        if type(self).broken and context.iteration == 4:
            raise SrcoreError("the loss fails")
        return (context.sr - context.hr).abs().mean()


class Counting(Failing):
    """Changes a buffer of its own first."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, context):
        self.seen += 1
        return super().forward(context)


class Noting:
    """A transform with a state that is in no tensor."""

    def __init__(self):
        self.seen = 0

    def __call__(self, batch, generator):
        self.seen += 1
        return batch

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        self.seen = state["seen"]


@pytest.fixture
def train(isolated_plugins, tiny_experiment, tmp_path, monkeypatch):
    monkeypatch.setattr(Failing, "broken", True)
    isolated_plugins.registry.add("loss", "failing", None, lambda: Failing())
    isolated_plugins.registry.add("loss", "counting", None, lambda: Counting())
    isolated_plugins.registry.add("transform", "noting", None, lambda scale: Noting())

    def of(name, *settings, **options):
        loaded = srcore.load_experiment(tiny_experiment, (*RARELY, *settings))
        run_experiment(loaded, tmp_path / name, **options)
        return torch.load(tmp_path / name / "tiny/checkpoints/last.pt", weights_only=True)

    return of


def test_what_failed_before_it_changed_anything_costs_no_iteration(
    train, tmp_path, monkeypatch, caplog
):
    with pytest.raises(SrcoreError, match="the loss fails"):
        train("parts", 'losses=[{type="failing"}]')
    assert "not saved" not in caplog.text
    file = tmp_path / "parts/tiny/checkpoints/last.pt"
    assert torch.load(file, weights_only=True)["iteration"] == 3
    monkeypatch.setattr(Failing, "broken", False)
    parts = train("parts", 'losses=[{type="failing"}]', resume=True)
    assert_same_state(train("whole", 'losses=[{type="failing"}]'), parts)


@pytest.mark.parametrize(
    "settings",
    [
        ('losses=[{type="counting"}]',),
        ('losses=[{type="failing"}]', 'data.train.transforms=[{type="noting"}]'),
    ],
)
def test_what_had_begun_to_change_is_not_saved_which_is_said(train, tmp_path, caplog, settings):
    with pytest.raises(SrcoreError, match="the loss fails"):
        train("runs", *settings)
    assert (
        "iterations after 0 are not saved, since iteration 4 had begun to change what is trained; "
        "no checkpoint had been written yet"
    ) in caplog.text
    assert not (tmp_path / "runs/tiny/checkpoints/last.pt").exists()


def test_where_iterations_may_be_skipped_what_had_begun_is_put_back(train, tmp_path):
    with pytest.raises(SrcoreError, match="the loss fails"):
        train("runs", 'losses=[{type="counting"}]', "train.nan_skips=1")
    state = torch.load(tmp_path / "runs/tiny/checkpoints/last.pt", weights_only=True)
    assert (state["iteration"], state["losses"][0]["seen"]) == (3, 3)


def test_a_schedule_that_fails_finds_the_state_of_the_iteration_before(
    isolated_plugins, train, tmp_path
):
    def refusing(base, iteration):
        if iteration == 4:
            raise SrcoreError("no rate")
        return base

    isolated_plugins.registry.add("schedule", "refusing", None, lambda: refusing)
    settings = ("train.nan_skips=1", 'schedule.generator={type="refusing"}')
    with pytest.raises(SrcoreError, match="no rate"):
        train("parts", *settings)
    saved = torch.load(tmp_path / "parts/tiny/checkpoints/last.pt", weights_only=True)
    whole = train("whole", "train.nan_skips=1", "train.iterations=3")
    assert_same_state(saved["networks"], whole["networks"])
