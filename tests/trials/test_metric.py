"""What trials are compared by."""

import json

import pytest

from srcore.config.sweep_table import SweepTable
from srcore.errors import SrcoreError
from srcore.testing.experiments import load_checked
from srcore.trials.metric import SweepMetric, metric_complaint, metric_of

PSNR = SweepMetric("tiny", "psnr", "", higher_is_better=True)


def write_rows(run, values, phase="tiny", name="psnr"):
    run.mkdir(parents=True, exist_ok=True)
    rows = [
        {"iteration": at, "phase": phase, "values": {name: value}} for at, value in values.items()
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("name", ["", "psnr", "tiny/psnr"])
def test_the_first_metric_of_the_first_set_is_what_is_meant(name, tiny_experiment):
    assert metric_of(load_checked(tiny_experiment), SweepTable(metric=name)) == PSNR


def test_the_direction_is_that_of_the_metric(tiny_experiment):
    lower = load_checked(tiny_experiment, ['metrics=[{type="brisque",name="b"}]'])
    metric = metric_of(lower, SweepTable(metric="b"))
    assert str(metric) == "tiny/b"
    assert not metric.higher_is_better
    assert metric.is_better(1.0, 2.0)
    assert PSNR.is_better(2.0, 1.0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("psrn", 'no validation measures "psrn"; did you mean "psnr"?'),
        ("set5/psnr", 'no validation measures "set5/psnr"'),
        ("volume", "measured: tiny/psnr, tiny/ssim"),
    ],
)
def test_a_metric_that_is_not_measured_is_told_with_those_that_are(name, words, tiny_experiment):
    assert words in metric_complaint(load_checked(tiny_experiment), SweepTable(metric=name))


def test_without_validation_there_is_nothing_to_compare(tiny_experiment):
    file = tiny_experiment.with_name("none.toml")
    file.write_text('extends = "tiny.toml"\ndrop = ["data.validation"]\n')
    assert "there is no validation" in metric_complaint(load_checked(file), SweepTable())


def test_of_stages_the_last_that_trains_is_judged(tiny_experiment):
    file = tiny_experiment.with_name("staged.toml")
    file.write_text(
        'extends = "tiny.toml"\n[[stages]]\nname = "one"\n[[stages]]\nname = "two"\nfrom = "one"\n'
    )
    assert metric_of(load_checked(file), SweepTable()).stage == "two"


def test_the_best_or_the_last_validation_counts(tmp_path):
    write_rows(tmp_path, {2: 20.0, 4: 22.0, 6: 22.0, 8: 21.0})
    assert PSNR.judged(tmp_path, "best") == (4, 22.0)
    assert PSNR.judged(tmp_path, "last") == (8, 21.0)
    lower = SweepMetric("tiny", "psnr", "", higher_is_better=False)
    assert lower.judged(tmp_path, "best") == (2, 20.0)


def test_only_finite_values_of_the_set_and_stage_count(tmp_path):
    write_rows(tmp_path / "two", {2: float("nan"), 4: float("inf"), 6: 21.0})
    staged = SweepMetric("tiny", "psnr", "two", higher_is_better=True)
    assert staged.measured(tmp_path) == [(6, 21.0)]
    other = SweepMetric("set5", "psnr", "two", higher_is_better=True)
    with pytest.raises(SrcoreError, match="no validation has a finite value of set5/psnr"):
        other.judged(tmp_path, "best")
