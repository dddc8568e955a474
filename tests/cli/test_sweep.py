"""``srcore sweep``: what a user sees of it."""

import errno
import json
import os

import pytest

from srcore.cli.main import main
from srcore.sweeps import sweep as module

SWEEP = """
extends = "tiny.toml"
name = "swept"

[sweep]
search = "grid"

[[sweep.parameters]]
key = "generator.num_features"
values = [4, 8, 12]
"""


@pytest.fixture
def folder(tiny_experiment, monkeypatch):
    monkeypatch.chdir(tiny_experiment.parent)
    tiny_experiment.with_name("swept.toml").write_text(SWEEP)
    return tiny_experiment.parent


@pytest.fixture
def call(folder, capsys):
    """Run the command line: exit code, lines of standard output and of standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        output = capsys.readouterr()
        assert "Traceback" not in output.err
        return ended.value.code, output.out.splitlines(), output.err.splitlines()

    return run


class MadeUp:
    """A process that leaves a run of one validation; the second fails, if it is to."""

    fails = False

    def __init__(self, job, said):
        (name,) = (it for it in job.overrides if it.startswith('name="trial_'))
        self.run = job.place / name[6:-1]
        self.number = int(name[-5:-1])

    def ended(self):
        if self.fails and self.number == 1:
            return 1
        self.run.mkdir(exist_ok=True)
        (self.run / "experiment.toml").write_text('name = "x"\nscale = 2\n')
        values = {"psnr": 20.0 + self.number, "ssim": 0.5}
        row = {"iteration": 6, "phase": "tiny", "values": values}
        (self.run / "metrics.jsonl").write_text(json.dumps(row) + "\n")
        return 0

    def end_at_once(self):
        pass

    def cause(self):
        return "loss is NaN"


@pytest.fixture
def started(monkeypatch):
    """Processes that are made up; ``started.fails = True`` has the second one fail."""
    processes = type("OfTest", (MadeUp,), {})
    monkeypatch.setattr(module, "Child", processes)
    return processes


def test_results_are_listed_and_the_rest_is_told_on_the_way(call, folder, started):
    code, lines, errors = call("sweep", "swept.toml", "--jobs", "2")
    assert code == 0
    assert lines[0].split() == ["trial", "generator.num_features", "tiny/psnr", "iteration"]
    assert [it.split() for it in lines[1:4]] == [
        ["trial_0002", "12", "22", "6"],
        ["trial_0001", "8", "21", "6"],
        ["trial_0000", "4", "20", "6"],
    ]
    assert lines[4:] == [
        "report: runs/swept_sweep/report.html",
        "best: runs/swept_sweep/best.toml (trial_0002)",
    ]
    assert errors[-1].endswith("at iteration 6 (3 of 3)")
    assert (folder / "runs/swept_sweep/report.html").is_file()
    assert call("sweep", "swept.toml")[1] == lines
    assert call("sweep", "swept.toml", "--quiet")[2] == []


def test_a_failure_is_told_with_its_cause_and_the_code_is_one(call, started):
    started.fails = True
    code, lines, errors = call("sweep", "swept.toml")
    assert code == 1
    assert "trial_0001: failed: loss is NaN" in lines
    assert "trial_0001: failed: loss is NaN (2 of 3)" in errors
    started.fails = False
    assert call("sweep", "swept.toml")[0] == 1
    code, lines, _ = call("sweep", "swept.toml", "--retry")
    assert code == 0
    assert lines[2].startswith("trial_0001")


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(call, started, monkeypatch):
    written, write = [], module.write_sweep

    def full(file, state):
        written.append(file)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        write(file, state)

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_sweep", full)
        code, _, lines = call("sweep", "swept.toml")
    assert code == 1
    assert "sweep.json: No space left on device; then the same command goes on" in lines[-1]
    assert call("sweep", "swept.toml")[0] == 0


def test_run_says_what_to_do_with_a_sweep(call, folder):
    code, lines, (line,) = call("run", "swept.toml")
    assert (code, lines) == (2, [])
    assert "swept.toml: sweep: the file asks for many runs: start them with srcore sweep" in line
    assert """--set 'drop=["sweep"]'""" in line
    assert not (folder / "runs").exists()
    short = ["--set", "train.iterations=1", "--quiet"]
    assert call("run", "swept.toml", "--set", 'drop=["sweep"]', *short)[0] == 0
    assert (folder / "runs/swept/finished.json").is_file()


def test_the_check_looks_at_every_trial(call, folder):
    assert call("check", "swept.toml") == (
        0,
        ["swept.toml: ok (3 trials, all of them checked)"],
        [],
    )
    file = folder / "swept.toml"
    file.write_text(file.read_text().replace("8, 12", '-8, "wide"'))
    code, _, lines = call("check", "swept.toml")
    assert code == 2
    first, second = lines
    assert "swept.toml: sweep.parameters[0]: generator.num_features: expected a number" in first
    assert "(with generator.num_features=-8)" in first
    assert '(with generator.num_features="wide")' in second
    code, _, lines = call("check", "swept.toml", "--json")
    assert code == 2
    assert call("sweep", "swept.toml")[0] == 2
    assert not (folder / "runs").exists()


def test_a_file_without_the_table_is_one_line(call):
    code, _, (line,) = call("sweep", "tiny.toml")
    assert code == 2
    assert "tiny.toml: sweep: required table is missing" in line


def test_under_torchrun_it_is_refused(call, torchrun_variables):
    torchrun_variables(0, 2)
    code, _, (line,) = call("sweep", "swept.toml")
    assert code == 2
    assert "torchrun" in line


def test_keys_of_the_table_are_completed(folder):
    import click

    from srcore.cli.completing import experiment_keys
    from srcore.cli.sweep import command

    context = click.Context(command)
    keys = [it.value for it in experiment_keys(context, command.params[1], "sweep.pru")]
    assert keys == ["sweep.pruning", "sweep.prune_after_validations", "sweep.prune_after_trials"]
