"""A run: its folder, its experiment, and what happens around the work of a stage."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import attrs
import torch

from srcore.atomic import writing
from srcore.config.schema import Experiment
from srcore.engine.exports import exported_state
from srcore.engine.folder import EXPERIMENT_FILE
from srcore.engine.signals import StopRequest
from srcore.engine.tables import as_table, flat, write_table
from srcore.errors import Interrupted, SrcoreError

_FINISHED_FILE = "finished.json"

logger = logging.getLogger("srcore")


@attrs.define
class Run:
    """One stage of an experiment while it runs.

    Attributes:
        folder: where this stage writes.
        experiment: typed tables of this stage.
        stage: name of the stage, empty if the experiment has none.
        stage_folders: folders of all stages by name.
        device: where networks compute.
        resume: continue from the last checkpoint if there is one.
        recover: continue from the newest good checkpoint if the last one is damaged or missing.
        is_main: whether this process writes files.
        quiet: no progress bar.
        results: what the stage measured at its end.
        stop: whether SIGINT or SIGTERM came.
    """

    folder: Path
    experiment: Experiment
    stage: str
    stage_folders: dict[str, Path]
    device: torch.device
    resume: bool = False
    is_main: bool = True
    quiet: bool = False
    recover: bool = False
    results: dict[str, Any] = attrs.field(factory=dict)
    stop: StopRequest = attrs.field(factory=StopRequest)

    def stop_if_requested(self, done: str) -> None:
        """For tasks, between two pieces of work: raise Interrupted if a signal came.

        Args:
            done: how far the task is, such as ``"12 of 800 images"``.
        """
        number = self.stop.signal_number
        if number is not None:
            raise Interrupted(number, f"interrupted after {done}; continue with --resume")

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.folder / "checkpoints"

    def finished_iterations(self) -> int | None:
        """Length of the finished stage in this folder; None if it is not finished.

        A stage whose exported generator is another one than at its end is not finished.
        """
        file = self.folder / _FINISHED_FILE
        if not file.is_file():
            return None
        try:
            content = json.loads(file.read_bytes())
            iterations, _ = int(content["iterations"]), dict(content["results"])
        except (OSError, ValueError, LookupError, TypeError):
            logger.warning("%s: damaged; made anew", file)
            return None
        is_whole = content.get("generator", "") in ("", exported_state(self.folder))
        return iterations if is_whole else None

    def mark_finished(self, results: dict[str, Any]) -> None:
        """Write down that the stage is complete: its last file."""
        self.results = results
        if self.is_main:
            content = {
                "iterations": self.experiment.train.iterations,
                "generator": exported_state(self.folder),
                "results": results,
            }
            with writing(self.folder / _FINISHED_FILE) as temporary:
                temporary.write_text(json.dumps(content, indent=2) + "\n", "utf-8")

    def read_results(self) -> None:
        """Take over the results of a stage that finished earlier."""
        content = json.loads((self.folder / _FINISHED_FILE).read_text("utf-8"))
        self.results = content["results"]

    def write_experiment(self) -> None:
        """Write the resolved experiment, defaults filled in."""
        if self.is_main:
            write_table(self.folder / EXPERIMENT_FILE, as_table(self.experiment))

    def refuse_changes(self) -> None:
        """Refuse to resume with settings that would not continue the same training."""
        file = self.folder / EXPERIMENT_FILE
        if not file.is_file():
            return
        from srcore.config.reading import parse

        before, now = flat(parse(file)), flat(as_table(self.experiment))
        changed = [
            f"{key} was {before.get(key, 'absent')}, now {now.get(key, 'absent')}"
            for key in sorted(before.keys() | now.keys())
            if before.get(key) != now.get(key) and not _may_change(key)
        ]
        if changed:
            raise SrcoreError(
                f"{self.folder}: cannot resume with other settings: {'; '.join(changed)}; "
                "undo the change, choose another name, or start anew with --overwrite"
            )


_FREE_KEYS = (
    "name", "metrics", "data.validation", "data.train.workers", "data.train.cache",
    "data.train.batch_timeout", "train.iterations", "train.device", "train.validate_every",
    "train.validate_at_start",
    "train.checkpoint_every", "train.keep_every", "train.log_every", "train.images",
    "train.tensorboard", "train.nan_skips", "train.compile",
)  # fmt: skip


def _may_change(key: str) -> bool:
    return any(key == free or key.startswith((f"{free}.", f"{free}[")) for free in _FREE_KEYS)
