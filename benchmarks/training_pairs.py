"""The engine's iterations and those of a hand-written loop, one of each in turns, on one batch.

The engine is the real one: an Ignite run over :class:`srcore.engine.training.Training` with its
handlers. Its loader is replaced by a generator that runs the hand-written step whenever the engine
asks for the next batch, so the time between two requests is the whole of an iteration: everything
that the engine does beside the step counts.
"""

from __future__ import annotations

import contextlib
import logging
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from harness import summary

import srcore
from srcore.engine.run import Run
from srcore.engine.training import Training
from srcore.machine.devices import pick_device

PHOTOGRAPHS = Path(__file__).resolve().parent.parent / "examples" / "images" / "train"


def make_training(
    table: str, folder: Path, iterations: int, *overrides: str, device: str = "cpu"
) -> Training:
    """A training stage that is built but not yet run, from the text of an experiment."""
    file = folder / "experiment.toml"
    file.write_text(table, "utf-8")
    settings = (f"train.iterations={iterations}", f"data.train.hr={PHOTOGRAPHS}", *overrides)
    loaded = srcore.load_experiment(file, settings)
    (stage,) = loaded.stages
    run = Run(
        folder / "run",
        loaded.experiment(stage),
        "",
        {},
        pick_device(device),
        loaded.plugins,
        quiet=True,
    )
    run.folder.mkdir()
    log = logging.getLogger("srcore")
    log.setLevel(logging.INFO)
    log.addHandler(logging.FileHandler(run.folder / "run.log"))
    return Training(run)


def first_batch(training: Training) -> dict[str, Any]:
    """What the loader hands to the first iteration: uint8 ``(N, H, W, C)``."""
    with training.feed.open(0, 1) as readers:
        batch: dict[str, Any] = next(iter(readers))
    return batch


def in_turns(training: Training, step: Any, batch: dict[str, Any], warmup: int) -> tuple[Any, Any]:
    """Times of ``step(batch)`` and of the engine's iteration on the same batch, in turns.

    Returns:
        ``{"bare": ..., "engine": ...}`` with the summaries of :func:`harness.measure`, and the
        overhead: the median of the pairs' engine / bare - 1 in CPU time with its quartiles.
    """
    times: dict[str, dict[str, list[float]]] = {
        name: {"wall": [], "cpu": []} for name in ("bare", "engine")
    }

    def turns() -> Any:
        for _ in range(training.settings.iterations):
            with _clock(times["bare"]):
                step(batch)
            with _clock(times["engine"]):
                yield dict(batch)

    feed: Any = training.feed
    feed.open = lambda start, stop: contextlib.nullcontext(_Readers(turns()))
    training.execute()
    for clocks in times.values():
        for values in clocks.values():
            # the last iteration also writes the checkpoint, and nobody asks for a batch after it
            values[:] = values[warmup : training.settings.iterations - 1]
    ratios = [
        engine / bare - 1
        for bare, engine in zip(times["bare"]["cpu"], times["engine"]["cpu"], strict=True)
    ]
    results = {
        name: {f"{clock}_ms": summary(values) for clock, values in clocks.items()}
        for name, clocks in times.items()
    }
    lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return results, {"median": median, "quartiles": [lower, upper], "pairs": len(ratios)}


class _Readers:
    """Stands for the processes that read images: batches that nobody waits for."""

    waited = 0.0

    def __init__(self, batches: Iterator[dict[str, Any]]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The batches."""
        return self.batches


class _clock:  # noqa: N801 - reads as a function
    """Appends wall and CPU milliseconds of its block, also if the block is left from outside."""

    def __init__(self, into: dict[str, list[float]]) -> None:
        self.into = into

    def __enter__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.thread_time()

    def __exit__(self, *_: object) -> None:
        self.into["wall"].append((time.perf_counter() - self.wall) * 1e3)
        self.into["cpu"].append((time.thread_time() - self.cpu) * 1e3)


def largest_difference(first: torch.nn.Module, second: torch.nn.Module) -> float:
    """Largest absolute difference between the states of two networks."""
    other = second.state_dict()
    return max(
        float((value.float() - other[name].float()).abs().max())
        for name, value in first.state_dict().items()
    )
