"""Weights & Biases, through Ignite's WandBLogger."""

from __future__ import annotations

import logging
import secrets
import shutil
import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from srplug_trackers.clients.client import Subject
from srplug_trackers.clients.wandb_files import held_by
from srplug_trackers.options import WandBOptions
from srplug_trackers.values import Row

logger = logging.getLogger("srcore")


class WandBClient:
    """The axis is ``iteration``: steps of W&B only grow, and a validation comes after its row."""

    def __init__(self, options: WandBOptions) -> None:
        self.options = options
        self.folder = Path()
        self.name = ""

    def open(self, subject: Subject, run: str) -> str:
        """Begin a run, or go on with it: W&B takes any name that is new."""
        import wandb
        from ignite.handlers import WandBLogger

        options = self.options
        self.folder = subject.folder / "wandb"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = run or _new_name()
        offline = options.offline
        if not offline and wandb.setup().settings.mode not in ("offline", "disabled"):
            wandb.login(prompt=False)  # never ask beside a progress bar
        self.logger: Any = WandBLogger(
            mode="offline" if offline else None,
            project=options.project,
            entity=options.entity or None,
            name=subject.name,
            tags=list(options.tags) or None,
            id=self.name,
            resume="allow",
            dir=str(subject.folder),
            settings=wandb.Settings(
                silent=True,
                console="off",
                # offline files are read when a run is resumed: the less is missing the better
                x_transaction_log_flush_interval=1.0,
            ),
        )
        self.run: Any = self.logger.run
        self.run.define_metric("*", step_metric="iteration")
        if not self.run.offline:
            logger.info("wandb: %s", self.run.url)
        return self.name

    def held(self, names: Iterable[str]) -> set[tuple[str, int]] | None:
        """What the files of offline runs hold; a server is not asked."""
        return held_by(self.folder, self.name) if self.run.offline else None

    def describe(self, settings: Mapping[str, Any], experiment: Path) -> None:
        """Settings as the configuration of the run, which may change."""
        self.run.config.update(dict(settings), allow_val_change=True)
        kept = Path(self.run.dir) / experiment.name  # files elsewhere would be linked
        shutil.copyfile(experiment, kept)
        self.run.save(str(kept), base_path=self.run.dir, policy="now")

    def tell(self, rows: Iterable[Row]) -> None:
        """A line of the history per row."""
        import wandb

        for row in rows:
            pictures = {f"images/{path.stem}": wandb.Image(str(path)) for path in row.pictures}
            self.logger.log({"iteration": row.iteration, **row.values, **pictures})

    def keep(self, weights: Path) -> None:
        """An artifact of type model."""
        self.logger.log_artifact(str(weights), name=f"{weights.stem}-{self.name}", type="model")

    def close(self, *, is_complete: bool) -> None:
        """Wait for what is under way."""
        self.logger.close()


def _new_name() -> str:
    """As W&B makes them; drawn elsewhere than from the generators of the training."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
