"""Settings of a run that is resumed beside those it was started with: refused, or applied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from srcore.config.schema import Experiment, TrainTable
from srcore.engine.folder import EXPERIMENT_FILE
from srcore.engine.tables import as_table, flat
from srcore.errors import SrcoreError

#: Keys that do not alter what was trained so far.
_FREE_KEYS = (
    "name", "handlers", "metrics", "data.validation", "data.train.workers", "data.train.cache",
    "data.train.batch_timeout", "train.iterations", "train.device", "train.validate_every",
    "train.validate_at_start",
    "train.checkpoint_every", "train.keep_every", "train.log_every", "train.images",
    "train.tensorboard", "train.nan_skips", "train.keep_images", "train.compile",
)  # fmt: skip
#: Those of them on which the measured values depend.
_MEASURING_KEYS = ("metrics", "data.validation")
#: Keys that are younger than some runs, and what those runs did.
_BEFORE = {"train.ema_warmup": False}


@attrs.frozen
class Change:
    """A key whose value is another one than in the run that is resumed."""

    key: str
    before: Any
    now: Any

    @property
    def is_free(self) -> bool:
        """Whether the training goes on as it would have, but for what the key is about."""
        return _is_below(self.key, _FREE_KEYS)

    @property
    def is_measuring(self) -> bool:
        """Whether what was measured before cannot be compared with what is measured now."""
        return _is_below(self.key, _MEASURING_KEYS)

    def __str__(self) -> str:
        return f"{self.key} was {self.before}, now {self.now}"


def changes(folder: Path, experiment: Experiment) -> list[Change]:
    """All changed keys of a stage since it was started; none if it was not."""
    file = folder / EXPERIMENT_FILE
    if not file.is_file():
        return []
    from srcore.config.reading import parse

    before, now = flat(parse(file)), flat(as_table(experiment))
    # What the run was started with did not have keys that came later; they had no effect.
    younger = {f"train.{key}": value for key, value in as_table(TrainTable()).items()} | _BEFORE
    for key, value in younger.items():
        if key in now:
            before.setdefault(key, value)
    return [
        Change(key, before.get(key, "absent"), now.get(key, "absent"))
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]


def refuse(folder: Path, changed: Sequence[Change]) -> None:
    """Raise SrcoreError if some of the changes would not continue the same training."""
    bad = [str(change) for change in changed if not change.is_free]
    if bad:
        raise SrcoreError(
            f"{folder}: cannot resume with other settings: {'; '.join(bad)}; "
            "undo the change, choose another name, or start anew with --overwrite"
        )


def _is_below(key: str, tops: Sequence[str]) -> bool:
    return any(key == top or key.startswith((f"{top}.", f"{top}[")) for top in tops)
