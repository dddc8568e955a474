"""Runs that are tracked, and a tracker that writes down what it is told."""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import attrs
import pytest
from srplug_trackers.options import MLflowOptions
from srplug_trackers.tracking import Tracking

import srcore
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.runs.records import read_records


class Recorder:
    """A tracker in a file that is only appended to; what it is told is there at once."""

    def __init__(self, file, can_be_asked=True):
        self.file = file
        self.can_be_asked = can_be_asked

    def note(self, **line):
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, json.dumps(line).encode() + b"\n")
        os.close(descriptor)

    def lines(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def open(self, subject, run):
        self.note(opened=run or "new", name=subject.name)
        return "recorded"

    def held(self, names):
        if not self.can_be_asked:
            return None
        return {(name, step) for name, step, _ in self.told() if name in names}

    def describe(self, settings, experiment):
        self.note(settings=settings, experiment=experiment.name)

    def tell(self, rows):
        for row in rows:
            pictures = [path.name for path in row.pictures]
            self.note(values=row.values, iteration=row.iteration, pictures=pictures)

    def keep(self, weights):
        self.note(weights=weights.name)

    def close(self, *, is_complete):
        self.note(closed=is_complete)

    def told(self):
        """(name, iteration, value) in the order in which they came."""
        return [
            (name, line["iteration"], value)
            for line in self.lines()
            for name, value in line.get("values", {}).items()
        ]


def _recorded(run):
    group = {"train": "train"}
    return [
        (f"{group.get(row['phase'], 'validation/' + row['phase'])}/{name}", row["iteration"], value)
        for row in read_records(run / "metrics.jsonl")
        for name, value in row["values"].items()
    ]


@pytest.fixture
def recorded():
    """A function: (name, iteration, value) of all that ``metrics.jsonl`` of a run holds."""
    return _recorded


@attrs.define
class Trial:
    """Runs with one handler ``recorder``."""

    experiment: Path
    output: Path
    make: object
    options: MLflowOptions

    def load(self):
        overrides = ["train.log_every=1", "train.images=1", 'handlers=[{type="recorder"}]']
        return srcore.load_experiment(self.experiment, overrides)

    def plugins(self):
        plugin = ModuleType("recorder")

        @srcore.hookimpl
        def srcore_register_components(registry):
            def target(**_):
                return Tracking("json", self.options, "here", self.make)

            registry.add("handler", "recorder", MLflowOptions, target)

        plugin.srcore_register_components = srcore_register_components
        return PluginManager(discover=False, extra=[plugin])

    def run(self, **options):
        with using(self.plugins()):
            run_experiment(self.load(), self.output, quiet=True, **options)
        return self.output / "tiny"

    def longer(self):
        """The experiment goes on for two more iterations."""
        text = self.experiment.read_text("utf-8")
        self.experiment.write_text(text.replace("iterations = 6", "iterations = 8"), "utf-8")


@pytest.fixture
def trial_of(tiny_experiment, tmp_path):
    """A function: runs that are told to clients made by a function."""

    def made(make, **options):
        return Trial(tiny_experiment, tmp_path / "runs", make, MLflowOptions(**options))

    return made


@pytest.fixture
def recorder(tmp_path):
    """A function that makes a recorder; those of one folder write into one file."""
    return lambda folder=tmp_path, **options: Recorder(folder / "told", **options)


@pytest.fixture
def train(tiny_experiment, tmp_path):
    """A function that trains with handlers of this plugin, as a user does."""

    def run(handler, *overrides, **options):
        settings = ["train.log_every=1", "train.images=1", f"handlers=[{handler}]", *overrides]
        loaded = srcore.load_experiment(tiny_experiment, settings)
        run_experiment(loaded, tmp_path / "runs", quiet=True, **options)
        return tmp_path / "runs" / "tiny"

    return run


@pytest.fixture
def away_from_home(tmp_path, monkeypatch):
    """Trackers keep notes in the user's folder; W&B's program is that of one test."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / "home"))
    yield
    wandb = sys.modules.get("wandb")
    if wandb is not None:
        wandb.teardown()
