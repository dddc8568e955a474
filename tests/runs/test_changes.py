"""Resume means what it says: changed settings are refused or applied, with a line for each."""

import json

import attrs
import pytest
import tomli_w
import torch
from torch import nn

import srcore
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.options import option
from srcore.runs.changes import may_change
from srcore.runs.ending import read_ending
from srcore.testing import assert_same_state

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib


def run(experiment, output, *overrides, **options):
    return run_experiment(srcore.load_experiment(experiment, overrides), output, **options)


def last(output):
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


def test_changes_are_refused_where_the_run_is_finished_too(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path)
    message = "cannot resume with other settings: generator.num_blocks was 1, now 2; undo"
    with pytest.raises(SrcoreError, match=message):
        run(tiny_experiment, tmp_path, "generator.num_blocks=2", resume=True)


def test_changes_without_effect_and_changes_that_are_applied_are_said(
    tiny_experiment, tmp_path, caplog
):
    caplog.set_level("INFO", logger="srcore")
    run(tiny_experiment, tmp_path)
    run(tiny_experiment, tmp_path, "train.log_every=3", resume=True)
    assert "train.log_every was 2, now 3: no effect, the stage is finished" in caplog.text
    run(tiny_experiment, tmp_path, "train.log_every=3", "train.iterations=9", resume=True)
    assert "train.iterations was 6, now 9: applied" in caplog.text
    assert "train.log_every was 2, now 3: applied" in caplog.text


def test_other_metrics_are_measured_on_a_finished_run(tiny_experiment, tmp_path):
    table = run(tiny_experiment, tmp_path)
    before = last(tmp_path)
    measured = run(tiny_experiment, tmp_path, 'metrics=[{type="ssim",name="s"}]', resume=True)
    assert "ssim" in table
    assert " s " in measured
    assert read_ending(tmp_path / "tiny").results["validation"]["tiny"].keys() == {"s"}
    lines = (tmp_path / "tiny/metrics.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["phase"] == "tiny"]
    assert [row["iteration"] for row in rows] == [3, 6], "one row per iteration"
    after = last(tmp_path)
    assert after["best"]["iteration"] == 6, "values of other metrics are not compared"
    assert_same_state(before["networks"], after["networks"])


def test_a_run_from_before_a_key_existed_goes_on_as_it_began(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, "train.ema_warmup=false")
    file = tmp_path / "tiny/experiment.toml"
    text = file.read_text().replace("ema_warmup = false\n", "")
    file.write_text(text.replace("channels_last = false\n", ""))
    with pytest.raises(SrcoreError, match=r"train\.ema_warmup was False, now True"):
        run(tiny_experiment, tmp_path, "train.iterations=8", resume=True)
    run(tiny_experiment, tmp_path, "train.iterations=8", "train.ema_warmup=false", resume=True)
    assert last(tmp_path)["iteration"] == 8


class FailsAtFirst(nn.Module):
    broken = True

    def forward(self, context):
        if type(self).broken:
            raise SrcoreError("iteration 1: not yet")
        return (context.sr - context.hr).abs().mean() * context.progress


@pytest.fixture
def failing(isolated_plugins, monkeypatch):
    monkeypatch.setattr(FailsAtFirst, "broken", True)
    isolated_plugins.registry.add("loss", "failing", None, lambda: FailsAtFirst())
    return 'losses=[{type="failing"}]'


def test_a_run_whose_experiment_lacks_what_was_filled_in_later_goes_on_to_the_bit(
    tiny_experiment, tmp_path
):
    """Files of older versions name no method, optimizers or metrics that the user had left out."""
    run(tiny_experiment, tmp_path / "whole", "train.iterations=6")
    run(tiny_experiment, tmp_path / "parts", "train.iterations=3")
    file = tmp_path / "parts/tiny/experiment.toml"
    table = tomllib.loads(file.read_text())
    for name in ("method", "optimizer", "metrics"):
        del table[name]
    file.write_text(tomli_w.dumps(table))
    run(tiny_experiment, tmp_path / "parts", "train.iterations=6", resume=True)
    assert_same_state(last(tmp_path / "whole"), last(tmp_path / "parts"))
    assert tomllib.loads(file.read_text()).keys() >= {"method", "optimizer", "metrics"}


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_failed_before_its_first_iteration_does_not_block_its_name(
    failing, tiny_experiment, tmp_path, resume
):
    with pytest.raises(SrcoreError, match="not yet"):
        run(tiny_experiment, tmp_path, failing)
    run(tiny_experiment, tmp_path, "generator.num_blocks=2", resume=resume)
    assert last(tmp_path)["iteration"] == 6
    assert "num_blocks = 2" in (tmp_path / "tiny/experiment.toml").read_text()


def test_a_run_of_which_something_is_left_still_blocks_its_name(failing, tiny_experiment, tmp_path):
    with pytest.raises(SrcoreError, match="not yet"):
        run(tiny_experiment, tmp_path, failing)
    (tmp_path / "tiny/notes.txt").write_text("what I saw")
    with pytest.raises(SrcoreError, match="holds an earlier run"):
        run(tiny_experiment, tmp_path)


def test_going_on_for_longer_warns_of_what_goes_by_progress(
    failing, tiny_experiment, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(FailsAtFirst, "broken", False)
    run(tiny_experiment, tmp_path, failing)
    assert "share of the training" not in caplog.text
    longer = ("train.iterations=8", "schedule.generator={type='constant'}")
    run(tiny_experiment, tmp_path / "plain")
    run(tiny_experiment, tmp_path / "plain", longer[0], resume=True)
    assert "share of the training" not in caplog.text
    run(tiny_experiment, tmp_path, failing, longer[0], resume=True)
    expected = 'train.iterations was 6, now 8: loss "failing" goes by the share of the training'
    assert expected in caplog.text


def test_no_checkpoint_is_spoken_of_that_does_not_exist(
    isolated_plugins, tiny_experiment, tmp_path
):
    class Infinite(nn.Module):
        def __init__(self, at):
            super().__init__()
            self.at = at

        def forward(self, context):
            return context.sr.mean() / (0 if context.iteration == self.at else 1)

    for name, at in (("at_once", 1), ("later", 4)):
        isolated_plugins.registry.add("loss", name, None, lambda at=at: Infinite(at))
    rarely = "train.checkpoint_every=100"
    with pytest.raises(SrcoreError, match="stopped; no checkpoint had been written yet; a small"):
        run(tiny_experiment, tmp_path / "a", 'losses=[{type="at_once"}]', rarely)
    with pytest.raises(SrcoreError, match=r"the last good checkpoint is .*last\.pt of iteration 3"):
        run(tiny_experiment, tmp_path / "b", 'losses=[{type="later"}]', rarely)


@attrs.frozen(kw_only=True)
class Inner:
    shown: int = option(1, "how many are shown", may_change=True)
    size: int = option(1, "of what is trained")


@attrs.frozen(kw_only=True)
class Outer:
    inner: Inner = option(factory=Inner, help="a table inside the table")
    several: tuple[Inner, ...] = option((), "tables")
    by_name: dict[str, Inner] = option(factory=dict, help="tables by name")
    all_of_it: Inner = option(factory=Inner, help="a table", may_change=True)


def test_keys_that_may_change_are_found_wherever_they_were_declared():
    outer = Outer(several=(Inner(), Inner()), by_name={"a": Inner()})
    assert list(may_change(outer)) == [
        "inner.shown",
        "several[0].shown",
        "several[1].shown",
        "by_name.a.shown",
        "all_of_it",
    ]


def test_keys_that_may_change_in_an_experiment(tiny_experiment):
    loaded = srcore.load_experiment(tiny_experiment)
    free = set(may_change(loaded.experiment(loaded.stages[0])))
    assert free >= {"name", "handlers", "metrics", "data.validation", "train.iterations"}
    assert free >= {"data.train.workers", "data.train.cache", "train.device"}
    assert not free & {"seed", "scale", "losses", "train.batch_size", "data.train.hr"}
