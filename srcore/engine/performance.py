"""How fast a stage goes and on what it spends its time: log lines and ``performance.json``.

Metrics stay free of times, so that two equal runs write equal files; all times are here.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from ignite import distributed as idist

from srcore.config.batch_size import known_batch_size
from srcore.files.atomic import writing

if TYPE_CHECKING:
    from srcore.engine.run import Run

_WAITING = "waiting for images"
_TRAINING = "training"


class Performance:
    """Measures one stage; a resumed one adds to what earlier sessions took.

    Args:
        run: folder, device and lengths.

    Attributes:
        head: facts that stand at the beginning of the file.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.head: Mapping[str, str] = {}
        self._earlier = _read_earlier(run.files.performance) if run.resume else {}
        self._seconds: dict[str, float] = {}
        self._inner = [0.0]
        self._readers: Any = None
        self._done = 0
        self._began = self._line_at = time.perf_counter()
        self._line = (0, 0.0, 0.0)

    def begin(self, readers: Any) -> None:
        """Training starts; ``readers.waited`` are the seconds that it waits for images."""
        self._readers = readers
        self._began = self._line_at = time.perf_counter()
        self._line = (self._done, self._beside(), self._waited())

    def count(self) -> None:
        """An iteration is done."""
        self._done += 1

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time that is not training: ``"validation"``, ``"saving"``; one may hold another."""
        began = time.perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            took = time.perf_counter() - began
            self._seconds[name] = self._seconds.get(name, 0.0) + took - self._inner.pop()
            self._inner[-1] += took

    def line(self, iteration: int) -> str:
        """Since the last line: images/s and share of time spent waiting; and the time left."""
        now, beside, waited = time.perf_counter(), self._beside(), self._waited()
        count, took = self._done - self._line[0], now - self._line_at
        training = max(took - (beside - self._line[1]), 1e-9)
        share = min(1.0, (waited - self._line[2]) / training)
        self._line_at, self._line = now, (self._done, beside, waited)
        train = self.run.experiment.train
        images = count * known_batch_size(train) * idist.get_world_size() / training
        left = (train.iterations - iteration) * (now - self._began) / max(1, self._done)
        return f"{images:.3g} images/s, {share:.0%} waiting for images, {_clock(left)} left"

    def write(self) -> None:
        """Write ``performance.json``."""
        if not self.run.is_main:
            return
        seconds = {_TRAINING: self._training(), _WAITING: self._waited(), **self._seconds}
        before = self._earlier.get("seconds", {})
        total = {name: before.get(name, 0.0) + seconds.get(name, 0.0) for name in before | seconds}
        iterations = int(self._earlier.get("iterations", 0)) + self._done
        trained = max(total[_TRAINING] + total[_WAITING], 1e-9)
        content = {
            "head": dict(self.head),
            "iterations": iterations,
            "iterations_per_second": round(iterations / trained, 4),
            "seconds": {name: round(value, 3) for name, value in total.items()},
            "peak_memory_mib": _higher(self._earlier.get("peak_memory_mib", {}), self._peaks()),
            "sessions": int(self._earlier.get("sessions", 0)) + 1,
        }
        with writing(self.run.files.performance, durable=False) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", "utf-8")

    def _training(self) -> float:
        if self._readers is None:
            return 0.0
        return max(0.0, time.perf_counter() - self._began - self._beside() - self._waited())

    def _beside(self) -> float:
        return sum(self._seconds.values())

    def _waited(self) -> float:
        return 0.0 if self._readers is None else float(self._readers.waited)

    def _peaks(self) -> dict[str, float]:
        peaks = {}
        if sys.platform != "win32":
            import resource

            unit = 1 if sys.platform == "darwin" else 1024
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
            peaks["host"] = round(peak / 2**20, 1)
        if self.run.device.type == "cuda":
            peaks["device"] = round(torch.cuda.max_memory_allocated(self.run.device) / 2**20, 1)
        return peaks


def _higher(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {name: max(first.get(name, 0), second.get(name, 0)) for name in {**first, **second}}


def _clock(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))


def _read_earlier(file: Path) -> dict[str, Any]:
    """What earlier sessions wrote; nothing of a file that is absent or damaged: times only."""
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    known = isinstance(content, dict) and isinstance(content.get("seconds"), dict)
    return content if known and isinstance(content.get("peak_memory_mib"), dict) else {}
