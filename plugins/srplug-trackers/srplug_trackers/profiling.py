"""PyTorch's profiler around chosen iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ignite.engine import Engine, Events
from torch.profiler import ProfilerActivity, profile

from srcore.files.atomic import write_bytes, writing

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run


class Profiler:
    """Writes a trace and a table; main process only.

    Args:
        start: first iteration that is watched.
        iterations: how many in a row.
        every: and again every so many; 0: once.
        rows: lines of the table.
        memory: allocations too.
        shapes: sizes of tensors too.
    """

    def __init__(
        self, start: int, iterations: int, every: int, rows: int, memory: bool, shapes: bool
    ) -> None:
        self.start = start
        self.iterations = iterations
        self.every = every
        self.rows = rows
        self.memory = memory
        self.shapes = shapes
        self.watching: Any = None
        self.first = 0

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Look at the number of every iteration; what happens between them is watched too."""
        if run.is_main:
            trainer.add_event_handler(Events.ITERATION_STARTED, self._begin)
            trainer.add_event_handler(Events.ITERATION_COMPLETED, self._end, run)

    def close(self) -> None:
        """An unfinished look is worth nothing."""
        if self.watching is not None:
            self.watching.stop()
            self.watching = None

    def _place(self, iteration: int) -> int:
        """How far an iteration is behind the start of a look."""
        behind = iteration - self.start
        return behind % self.every if self.every and behind >= 0 else behind

    def _begin(self, trainer: Engine) -> None:
        iteration = trainer.state.iteration
        if self.watching is None and self._place(iteration) == 0:
            activities = [ProfilerActivity.CPU]
            import torch

            if torch.cuda.is_available():
                activities.append(ProfilerActivity.CUDA)
            self.watching = profile(
                activities=activities, profile_memory=self.memory, record_shapes=self.shapes
            )
            self.first = iteration
            self.watching.start()

    def _end(self, trainer: Engine, run: Run) -> None:
        iteration = trainer.state.iteration
        if self.watching is None or iteration - self.first < self.iterations - 1:
            return
        watched, self.watching = self.watching, None
        watched.stop()
        folder = run.files.plugins / "profiler"
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"iteration_{self.first:08d}"
        with writing(folder / f"{stem}.json") as temporary:
            watched.export_chrome_trace(str(temporary))
        averages = watched.key_averages(group_by_input_shape=self.shapes)
        table = averages.table(sort_by=self._order(), row_limit=self.rows)
        write_bytes(folder / f"{stem}.txt", table.encode())

    def _order(self) -> str:
        import torch

        return "self_cuda_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
