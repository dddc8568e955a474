"""Rows of ``metrics.jsonl`` that no resume takes back, and the pictures beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from srcore.runs.folder import TRAINING_PHASE, RunFolder
from srcore.runs.records import read_records

if TYPE_CHECKING:
    from srcore.engine.training import Training


@attrs.frozen
class Saved:
    """Up to which iterations rows are saved with a checkpoint: a resume drops later ones.

    Attributes:
        train: rows of the training.
        validation: rows of validations.
    """

    train: int = -1
    validation: int = -1

    @classmethod
    def of(cls, training: Training) -> Saved:
        """What the last checkpoint of a training holds."""
        return cls(training.state.saved_at, training.tally.validated_at)

    def holds(self, phase: str, iteration: int) -> bool:
        """Whether a row is among them."""
        return iteration <= (self.train if phase == TRAINING_PHASE else self.validation)

    def rows(self, folder: RunFolder) -> Iterator[Row]:
        """These rows, in the order of the file."""
        for row in read_records(folder.lines):
            phase, iteration = row["phase"], row["iteration"]
            if self.holds(phase, iteration):
                is_training = phase == TRAINING_PHASE
                group = "train" if is_training else f"validation/{phase}"
                values = {f"{group}/{name}": value for name, value in row["values"].items()}
                pictures = () if is_training else _strips_of(folder, phase, iteration)
                yield Row(phase, iteration, values, pictures)


@attrs.frozen
class Row:
    """Values of one moment, named as in TensorBoard.

    Attributes:
        phase: ``train``, or the name of a validation set.
        iteration: when.
        values: ``{"train/l1": 0.1}`` or ``{"validation/set5/psnr": 30.2}``.
        pictures: files, of a validation.
    """

    phase: str
    iteration: int
    values: dict[str, float]
    pictures: tuple[Path, ...] = ()

    def without(self, held: Iterable[tuple[str, int]]) -> Row | None:
        """What is left where a tracker holds some values already; None: nothing."""
        left = {k: v for k, v in self.values.items() if (k, self.iteration) not in held}
        return attrs.evolve(self, values=left) if left else None


def _strips_of(folder: RunFolder, set_name: str, iteration: int) -> tuple[Path, ...]:
    """Strips of a validation set; ``train.keep_images`` may have deleted them since."""
    return tuple(sorted(folder.pictures_at(iteration).glob(f"{set_name}_*.png")))
