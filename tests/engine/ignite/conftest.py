"""Handlers of Ignite are attached to runs, and what they saw is compared with the records."""

import json
from pathlib import Path
from types import ModuleType

import attrs
import pytest

import srcore
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.runs.ending import read_ending


@attrs.define
class Trial:
    """A run to which something is attached."""

    experiment: Path
    folder: Path

    def run(self, attach, *overrides):
        plugin = ModuleType("attaching")

        @srcore.hookimpl
        def srcore_engines_created(run, parts, trainer, evaluator):
            attach(run, parts, trainer, evaluator)

        plugin.srcore_engines_created = srcore_engines_created
        with using(PluginManager(discover=False, extra=[plugin])):
            loaded = srcore.load_experiment(self.experiment, ["train.log_every=1", *overrides])
            run_experiment(loaded, self.folder, quiet=True)

    @staticmethod
    def optimizer_of(parts):
        return parts.updaters["generator"].optimizer

    def values(self, name):
        """Values of the training by iteration."""
        return {number: values[name] for number, values in self._rows("train").items()}

    def validations(self):
        return {
            number: {f"tiny/{name}": value for name, value in values.items()}
            for number, values in self._rows("tiny").items()
        }

    def rates(self):
        return list(self.values("learning_rate/generator").values())

    def rows(self):
        return self._rows("train")

    def _rows(self, phase):
        lines = (self.folder / "tiny/metrics.jsonl").read_text("utf-8").splitlines()
        rows = [row for row in map(json.loads, lines) if row["phase"] == phase]
        return {row["iteration"]: row["values"] for row in rows}

    @property
    def ending(self):
        return read_ending(self.folder / "tiny")


@pytest.fixture
def trial_in(tiny_experiment, tmp_path):
    """A function that makes a trial in a folder of its own."""
    return lambda folder: Trial(tiny_experiment, tmp_path / folder)


@pytest.fixture
def trial(trial_in):
    return trial_in("runs")
