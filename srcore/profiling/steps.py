"""True steps of a stage, and of its validation, with the time of every part; and a trace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.profiler import ProfilerActivity, profile

from srcore.config.batch_size import known_batch_size
from srcore.engine.training import Training
from srcore.estimating.few_images import few_images, whole_over_seen
from srcore.estimating.probe_run import first_of_middle, probe_run, take_step
from srcore.estimating.reading_time import seconds_to_read
from srcore.machine.devices import in_words
from srcore.machine.shared_memory import cores
from srcore.profiling.observer import Observer
from srcore.profiling.options import WARM_UP
from srcore.profiling.part_names import DATA, PICTURES
from srcore.profiling.timeline import Timeline, clock_of

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.plugin.manager import PluginManager

#: Steps in the trace: after those that are measured, since a profiler takes time itself.
TRACED = 2
_NO_VALIDATION: dict[str, Any] = {
    "validated": 0,
    "validation_images": 0,
    "validation_parts": {},
    "validation_seconds": 0.0,
}


def profile_stage(
    experiment: Experiment, plugins: PluginManager, folder: Path, *, steps: int, trace: str
) -> dict[str, Any]:
    """Look at steps of a stage; for :func:`srcore.estimating.child.try_experiment`.

    Args:
        experiment: of the stage, which trains.
        plugins: of which it is made.
        folder: where it works.
        steps: how many are measured.
        trace: file that a trace of further ones is written to.

    Returns:
        ``device`` in words, its ``type``, ``threads``, ``cores``, ``batch_size``, ``steps``,
        ``traced`` steps, ``parts`` of a step and ``validation_parts`` of a validated image (names
        and seconds), ``step_seconds`` (mean of a whole step), ``reading_seconds`` of a batch,
        ``validated`` images of ``validation_images``, and ``validation_seconds`` of all of them.
    """
    most = WARM_UP + steps + TRACED
    run = probe_run(experiment, plugins, folder, most_steps=most)
    training = Training(run)
    with contextlib.closing(training.handlers):
        figures = _ProfiledSteps(training, Path(trace)).taken(steps)
        figures |= _validated(training)
    return {
        "device": in_words(run.device, experiment.train.device),
        "type": run.device.type,
        "threads": torch.get_num_threads(),
        "cores": cores(),
        "batch_size": known_batch_size(experiment.train),
        "traced": TRACED,
        **figures,
    }


class _ProfiledSteps:
    """The iterations of a profile, in the middle of the training."""

    def __init__(self, training: Training, trace: Path) -> None:
        self.training = training
        self.trace = trace

    def taken(self, steps: int) -> dict[str, Any]:
        """Take them: the first unobserved, then those that are measured, then those traced."""
        training, most = self.training, WARM_UP + steps + TRACED
        start = first_of_middle(training.settings.iterations, most)
        training.parts.iteration = start
        clock = clock_of(training.run.device)
        measured, traced = Timeline(clock), Timeline(clock)
        with training.feed.open(start, start + most) as readers:
            read = seconds_to_read(training, readers, start)
            batches = iter(readers)
            for _ in range(WARM_UP):
                take_step(training, next(batches))
            observer = Observer(training, measured)
            with observer.watching():
                for _ in range(steps):
                    self._step(batches, observer, measured)
            activities = [ProfilerActivity.CPU]
            if training.run.device.type == "cuda":
                activities.append(ProfilerActivity.CUDA)
            observer = Observer(training, traced, is_traced=True)
            with profile(activities=activities) as recorded, observer.watching():
                for _ in range(TRACED):
                    self._step(batches, observer, traced)
            recorded.export_chrome_trace(str(self.trace))
        seconds = measured.seconds()
        return {
            "steps": steps,
            "parts": {name: it / steps for name, it in seconds.items()},
            "step_seconds": sum(measured.whole_seconds()) / steps,
            "reading_seconds": read,
        }

    def _step(
        self, batches: Iterator[dict[str, Any]], observer: Observer, timeline: Timeline
    ) -> None:
        with timeline.whole():
            with observer.part(DATA):
                raw = next(batches)
            take_step(self.training, raw)


def _validated(training: Training) -> dict[str, Any]:
    """Validate a few images, the largest among them."""
    validation = training.validation
    if not validation.sets:
        return _NO_VALIDATION
    chosen = few_images(training.experiment, validation.sets)
    validation.sets = [it.set for it in chosen]
    timeline = Timeline(clock_of(training.run.device))
    observer = Observer(training, timeline, validates=True)
    with training.parts.evaluating(), observer.watching(), timeline.whole():
        validation.measure(training.parts.iteration)
    seconds = timeline.seconds()
    count, most = sum(len(it.few) for it in chosen), training.settings.images
    drawn = sum(min(most, len(it.few)) for it in chosen)
    to_draw = sum(min(most, it.count) for it in chosen)
    drawing = seconds.get(PICTURES, 0.0)
    measuring = sum(seconds.values()) - drawing
    return {
        "validated": count,
        "validation_images": sum(it.count for it in chosen),
        "validation_parts": {name: it / max(1, count) for name, it in seconds.items()},
        "validation_seconds": measuring * whole_over_seen(chosen)
        + drawing * to_draw / max(1, drawn),
    }
