"""A small experiment with a sweep, and trials whose runs are made up."""

import json
from typing import ClassVar

import attrs
import pytest

from srcore.runs.ending import COMPLETE, Ending, write_ending
from srcore.sweeps.sweep import Sweep
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.testing.experiments import load_checked
from srcore.trials.metric import metric_of
from srcore.trials.sweep_problems import sweep_of, without_sweep


def write_run(run, values, *, ended=COMPLETE):
    """What the run of a trial leaves: a validation at every second iteration."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "experiment.toml").write_text(f'name = "{run.name}"\nscale = 2\n')
    rows = [
        {"iteration": 2 * (at + 1), "phase": "tiny", "values": {"psnr": value, "ssim": 0.5}}
        for at, value in enumerate(values)
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_ending(run, Ending(2 * len(values), 6, ended))


@pytest.fixture(name="write_run")
def write_run_fixture():
    """``write_run(folder, values, ended=...)``: what the run of a trial leaves."""
    return write_run


class MadeUp:
    """A process that has ended after some looks at it; its validations follow from its number."""

    started: ClassVar[list] = []

    def __init__(self, job, said, *, looks=1, code=0, reached=None):
        self.job, self.looks, self.code, self.reached = job, looks, code, reached
        self.stopped = False
        MadeUp.started.append(self)

    @property
    def number(self):
        (name,) = (it for it in self.job.overrides if it.startswith('name="trial_'))
        return int(name[-5:-1])

    def ended(self):
        self.looks -= 1
        if self.looks > 0 and not self.stopped:
            return None
        if self.stopped:
            return 143
        if self.code == 0:
            reached = self.reached or [20.0, 21.0 + self.number, 20.5]
            write_run(SweepFolder(self.job.place).trial(self.number), reached)
        return self.code

    def ask_to_stop(self):
        self.stopped = True

    def end_at_once(self):
        pass

    def cause(self):
        return "it was made so"


@pytest.fixture
def made_up():
    """The class of processes that are made up, and that none is known yet."""
    MadeUp.started = []
    return MadeUp


@pytest.fixture
def sweep(swept, tmp_path, made_up):
    """A sweep whose processes are made up; keywords replace its parts."""

    def make(overrides=(), **parts):
        overrides = tuple(overrides)
        whole = load_checked(swept, overrides)
        table = sweep_of(whole, whole.plugins.registry)

        def load(further):
            return load_checked(swept, without_sweep([*overrides, *further]))

        made = Sweep(
            experiment=str(swept),
            overrides=overrides,
            loaded=load([]),
            table=table,
            metric=metric_of(whole, table),
            folder=SweepFolder.of(tmp_path / "runs", whole.name),
            load=load,
            start=made_up,
        )
        return attrs.evolve(made, **parts)

    return make
