"""What works but may not be meant is said, and is no error."""

import json
import warnings

import attrs
import pytest
from click.testing import CliRunner

import srcore
from srcore.cli.check import command
from srcore.hookspecs import hookimpl
from srcore.launching.stages import run_experiment

CONSTANT = ("train.ema_warmup=false", "train.ema_decay=0.99", "train.iterations=100")


def said(experiment, *overrides):
    return [str(entry) for entry in srcore.load_experiment(experiment, overrides).remarks()]


def test_an_ordinary_experiment_has_none(tiny_experiment):
    assert said(tiny_experiment) == []
    assert said(tiny_experiment, *CONSTANT, "train.iterations=500") == []
    assert said(tiny_experiment, *CONSTANT, "train.ema_warmup=true") == []


def test_a_decay_that_iterations_cannot_carry(tiny_experiment):
    (line,) = said(tiny_experiment, *CONSTANT)
    assert "train.ema_decay: 0.99 over 100 iterations leaves 37% of the random start" in line


@pytest.mark.parametrize(
    ("floor", "words"), [("0.0", "0 and nothing is learned"), ("1e-6", "1e-06 and it stays")]
)
def test_a_schedule_that_ends_before_the_training(tiny_experiment, floor, words):
    schedule = f"schedule.generator={{type='cosine',periods=[2,2],eta_min={floor}}}"
    (line,) = said(tiny_experiment, schedule)
    assert "schedule.generator.periods: end at iteration 4 of 6" in line
    assert words in line
    assert said(tiny_experiment, schedule, "train.iterations=4") == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("{type='constant',warmup_iterations=7}", "warmup_iterations: 7 is beyond the last"),
        ("{type='wsd',warmup_iterations=7}", "warmup_iterations: 7 is beyond the last"),
        ("{type='multistep',milestones=[2,6,9]}", "milestones: 2 of 3 have no effect (6, 9)"),
        (
            "{type='multistep',restarts=[0,8],restart_weights=[1.0,0.5]}",
            "restarts: 1 of 2 have no effect (8)",
        ),
        ("{type='cosine',periods=[4,4]}", "periods: end at iteration 8, the training at 6"),
        ("{type='step',every=6}", "every: 6 has no effect"),
    ],
)
def test_a_schedule_that_goes_beyond_the_training(tiny_experiment, schedule, words):
    (line,) = said(tiny_experiment, f"schedule.generator={schedule}")
    assert f"schedule.generator.{words}" in line


@pytest.mark.parametrize(
    ("iterations", "advance", "number"), [(5, "false", 1), (5, "true", 0), (6, "false", 0)]
)
def test_a_milestone_acts_in_the_next_iteration(tiny_experiment, iterations, advance, number):
    keys = f"type='multistep',milestones=[5],advance_before_first={advance}"
    lines = said(
        tiny_experiment, f"schedule.generator={{{keys}}}", f"train.iterations={iterations}"
    )
    assert len(lines) == number


def test_a_patience_that_outlasts_the_training(tiny_experiment):
    handler = "handlers=[{type='early_stopping',patience=2}]"
    (line,) = said(tiny_experiment, handler, "train.validate_every=2")
    assert "handlers[0].patience: 2 validations after the first, every 2 iterations" in line
    assert said(tiny_experiment, handler, "train.validate_every=1") == []


def test_check_warns_and_run_logs(tiny_experiment, tmp_path, caplog):
    arguments = [str(tiny_experiment), *(word for o in CONSTANT for word in ("--set", o))]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0
    assert done.stderr.startswith("srcore: warning: ")
    assert done.stdout == f"{tiny_experiment}: ok\n"
    report = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).stdout)
    assert [row["path"] for row in report["warnings"]] == ["train.ema_decay"]
    overrides = (*CONSTANT, "train.iterations=1")
    run_experiment(srcore.load_experiment(tiny_experiment, overrides), tmp_path / "out")
    assert "train.ema_decay: 0.99 over 1 iterations leaves 99% of the random start" in caplog.text


GAN = (
    "method.type=gan",
    "losses=[{type='l1'},{type='adversarial',relativistic='average'}]",
    "train.batch_size=4",
)


@pytest.mark.parametrize(
    ("judge", "relativistic", "said_of"),
    [
        ("{type='unet',num_features=4}", "average", "relativistic averages and spectral norm"),
        ("{type='unet',num_features=4}", "none", "spectral norm"),
        ("{type='patch',num_layers=1,norm='batch'}", "none", "batch norm"),
        ("{type='patch',num_layers=1,norm='instance'}", "paired", ""),
    ],
)
def test_parts_of_a_batch_that_are_not_quite_the_batch(
    tiny_experiment, judge, relativistic, said_of
):
    given = (*GAN, f"discriminator={judge}", f"losses[1].relativistic={relativistic}")
    assert said(tiny_experiment, *given) == []
    lines = said(tiny_experiment, *given, "train.accumulate=2")
    if not said_of:
        assert lines == []
        return
    (line,) = lines
    assert f"train.accumulate: 2 parts are not quite the whole batch: {said_of} see each" in line


def test_warnings_are_shown_without_source_lines(tiny_experiment, tmp_path, capsys):
    loaded = srcore.load_experiment(tiny_experiment, ("train.iterations=1",))

    class Plugin:
        @staticmethod
        @hookimpl
        def srcore_run_started(run):
            warnings.warn("something is odd", UserWarning, stacklevel=1)

    loaded = attrs.evolve(loaded, plugins=loaded.plugins.extended(Plugin))
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        run_experiment(loaded, tmp_path / "out", quiet=True)
    shown = capsys.readouterr().err
    assert "UserWarning: something is odd\n" in shown
    assert "warnings.warn(" not in shown
    assert "test_remarks.py" not in shown
    log = next((tmp_path / "out").rglob("run.log")).read_text("utf-8")
    assert "test_remarks.py" in log
