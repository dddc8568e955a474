"""A few true steps of a stage: what they take in time, memory and on the disk.

Everything is the engine's own: networks, losses, optimizers, data sets, reading processes, the
checkpoint and the validation. They write into a folder of the probe.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import torch
from torch.utils.flop_counter import FlopCounterMode

from srcore.config.batch_size import known_batch_size
from srcore.engine.events import TrainingEvents
from srcore.engine.training import Training
from srcore.estimating.bounding import bound_memory
from srcore.estimating.counting import calls_of, cost_of
from srcore.estimating.few_images import few_images, whole_over_seen
from srcore.estimating.options import EstimateOptions
from srcore.estimating.peak_memory import PeakMemory
from srcore.estimating.probe_run import first_of_middle, probe_run, take_step
from srcore.estimating.reading_time import seconds_to_read
from srcore.inference.memory import free_memory
from srcore.machine.devices import in_words, wait_for
from srcore.machine.resident_memory import give_back_memory
from srcore.options.declaration import defaults

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.estimating.counting import NetworkCost
    from srcore.plugin.manager import PluginManager

#: Steps before those that are measured: in the first the optimizers make their state, and an
#: operation is counted or compiled.
_WARM_UP = 2
_FEWEST, _MOST = 3, 60
_DEFAULT = defaults(EstimateOptions)


def measure(
    experiment: Experiment,
    plugins: PluginManager,
    folder: Path,
    *,
    seconds: float = _DEFAULT.seconds,
    most_bytes: int = 0,
    validates: bool = True,
    counts: bool = True,
) -> dict[str, Any]:
    """Try a stage.

    Args:
        experiment: of the stage, which trains.
        plugins: of which it is made.
        folder: where it works.
        seconds: how long steps are measured.
        most_bytes: memory that it may take beyond Python and PyTorch; 0: what there is.
        validates: whether it also saves and validates.
        counts: whether multiply-adds and activations are counted, and reading is timed.

    Returns:
        ``device`` in words, ``threads``, ``images`` of the training data, ``batch_size``,
        ``memory`` in bytes (``free``, ``start``, ``process``, ``training`` and, if it validates,
        ``saving`` and ``validation``), what a step took and, if it validates, what that took.
    """
    run = probe_run(experiment, plugins, folder, most_steps=_MOST)
    device = run.device
    peaks = PeakMemory(device)
    free = free_memory(device) or 0
    bound_memory(device, most_bytes)
    training = Training(run)
    steps = _Steps(training, peaks, seconds, counts)
    with contextlib.closing(training.handlers):
        facts = steps.taken()
        memory = {"training": peaks.bytes()}
        if validates:
            facts |= _saved_and_validated(training, peaks, memory)
    memory |= {"free": free, "start": peaks.start, "process": peaks.process}
    return {
        "device": in_words(device, experiment.train.device),
        "threads": torch.get_num_threads(),
        "images": training.feed.images,
        "batch_size": known_batch_size(experiment.train),
        "memory": memory,
        **facts,
    }


@attrs.define
class _Steps:
    """The iterations of a probe, in the middle of the training: losses may begin late."""

    training: Training
    peaks: PeakMemory
    seconds: float
    counts: bool
    costs: list[NetworkCost] = attrs.field(factory=list)
    multiply_adds: int = 0
    terms: dict[str, float] = attrs.field(factory=dict)

    def taken(self) -> dict[str, Any]:
        """Take them; what they took."""
        start = first_of_middle(self.training.settings.iterations, _MOST)
        self.peaks.bytes()  # of what was built
        self.training.parts.iteration = start
        with self.training.feed.open(start, start + _MOST) as readers:
            read = seconds_to_read(self.training, readers, start) if self.counts else 0.0
            batches, done = iter(readers), 0
            for number in range(_WARM_UP):
                if self.counts and not number:
                    self._count(next(batches))
                else:
                    self._iterate(next(batches))
            give_back_memory()  # what counting took is nothing that a run takes
            self.peaks.begin()
            waited, began = readers.waited, time.perf_counter()
            processor = time.process_time()
            while done < _MOST - _WARM_UP:
                self._iterate(next(batches))
                done += 1
                took = time.perf_counter() - began
                if done >= _FEWEST and took >= self.seconds:
                    break
            took = time.perf_counter() - began
            processor, waited = time.process_time() - processor, readers.waited - waited
        return {
            "steps": done,
            "step_seconds": (took - waited) / done,
            "waiting_seconds": waited / done,
            "processor_seconds": processor / done,
            "reading_seconds": read,
            "multiply_adds": self.multiply_adds,
            "networks": [attrs.asdict(cost) for cost in self.costs],
            "terms": self.terms,
        }

    def _iterate(self, raw: dict[str, Any]) -> None:
        logs = take_step(self.training, raw)
        wait_for(self.training.run.device)
        self.terms = {name: float(value) for name, value in logs.items()}

    def _count(self, raw: dict[str, Any]) -> None:
        """The first step: multiply-adds of all of it, and what networks are called with."""
        roles = self.training.parts.roles
        is_compiled = self.training.settings.compile  # what it counts by must not be compiled
        counter = contextlib.nullcontext() if is_compiled else FlopCounterMode(display=False)
        with calls_of(roles) as calls, counter:
            self._iterate(raw)
        if isinstance(counter, FlopCounterMode):
            self.multiply_adds = int(counter.get_total_flops()) // 2
        with torch.random.fork_rng():
            self.costs = [cost_of(made, calls.get(name)) for name, made in roles.items()]


def _saved_and_validated(
    training: Training, peaks: PeakMemory, memory: dict[str, int]
) -> dict[str, Any]:
    """Save, and validate a few images, as it happens in a run."""
    files, validation = training.run.files, training.validation
    chosen = few_images(training.experiment, validation.sets)
    validation.sets = [it.set for it in chosen]
    peaks.begin()
    began = time.perf_counter()
    training.trainer.fire_event(TrainingEvents.CHECKPOINT_DUE)
    saving = time.perf_counter() - began
    memory["saving"] = peaks.bytes()
    peaks.begin()
    began = time.perf_counter()
    validation.bicubic()
    bicubic = time.perf_counter() - began
    for it in chosen:
        it.few.pixels = 0
    began = time.perf_counter()
    training.trainer.fire_event(TrainingEvents.VALIDATION_DUE)
    validating = time.perf_counter() - began
    memory["validation"] = peaks.bytes()
    strips = [path.stat().st_size for path in files.pictures.rglob("*.png")]
    weights = [path.stat().st_size for path in files.path.glob("*.safetensors")]
    shown = sum(min(training.settings.images, it.count) for it in chosen)
    again = max(0.0, validating - saving)  # a validation saves once more
    factor = whole_over_seen(chosen)
    return {
        "saving_seconds": saving,
        "bicubic_seconds": bicubic * factor,
        "validation_seconds": again * factor,
        "validated": sum(len(it.few) for it in chosen),
        "validation_images": sum(it.count for it in chosen),
        "checkpoint_bytes": files.last.stat().st_size if files.last.exists() else 0,
        "weights_bytes": sum(weights),
        "pictures_bytes": round(sum(strips) / max(1, len(strips)) * shown),
    }
