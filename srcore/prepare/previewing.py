"""A picture of what a training sees: images as they are read, and after all transforms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from srcore.config.batch_size import known_batch_size
from srcore.engine.feed import ordering_of
from srcore.engine.sampling import StreamSampler, TrainingImages, collate, to_device
from srcore.engine.transforming import build_transforms, transformed
from srcore.errors import DataError
from srcore.evaluation.comparison import strip
from srcore.images import PictureArray, to_image
from srcore.seeding import Randomness

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.contracts import Batch

_GAP = 8
#: Entries of a batch that are shown, as far as there are any, and what is written above them.
_READ = {"lr": "LR as read", "hr": "HR as read"}
_MADE = {"lr": "LR", "hr": "HR"}


def preview(experiment: Experiment, images: int, iteration: int) -> PictureArray:
    """Rows of the first images that a training gets from an iteration on.

    They are those of the training to the bit, whatever the number of reading processes. Where a
    transform keeps images of earlier batches, its memory starts here.

    Args:
        experiment: of a stage that trains.
        images: how many rows.
        iteration: number of the first iteration, from 1.

    Returns:
        ``(H, W, 3)`` uint8: LR images enlarged pixel by pixel, beside HR images.

    Raises:
        DataError: an image cannot be read.
    """
    rows: list[PictureArray] = []
    for before, after in _batches(experiment, iteration):
        rows += _labeled_rows(before, after, experiment.scale)
        if len(rows) >= images:
            break
    return _one_below_other(rows[:images])


def _batches(experiment: Experiment, iteration: int) -> Iterator[tuple[Batch, Batch]]:
    """Batches before and after the transforms, as one process gets them on the CPU."""
    table, device = experiment.data.train, torch.device("cpu")
    assert table is not None
    dataset = table.selected.build(scale=experiment.scale)
    reading = TrainingImages(dataset, seed=experiment.seed, skip_bad=table.on_bad_image == "skip")
    sampler = StreamSampler(
        dataset,
        known_batch_size(experiment.train),
        seed=experiment.seed,
        start=iteration - 1,
        stop=experiment.train.iterations,
        ordering=ordering_of(table, dataset),
    )
    transforms = build_transforms(experiment, device)
    randomness = Randomness(experiment.seed, device)
    while True:
        raw: dict[str, Any] = collate([reading[key] for key in sampler.keys(iteration - 1)])
        if "error" in raw:
            raise DataError(raw["error"])
        randomness.begin(iteration, 0)
        batch = to_device(raw, device)
        yield batch, transformed(dict(batch), transforms, randomness.transforms)
        iteration += 1


def _labeled_rows(before: Batch, after: Batch, scale: int) -> list[PictureArray]:
    entries = [(_READ[name], before[name], name) for name in _READ if name in before]
    made = [name for name in _MADE if name in after]
    # What no transform has changed is shown once.
    entries = [
        (text, value, name) for text, value, name in entries if _is_other(value, after, name)
    ]
    entries += [(_MADE[name], after[name], name) for name in made]
    count = min(len(value) for _, value, _ in entries)
    side = max(value.shape[-2] * (scale if name == "lr" else 1) for _, value, name in entries)
    rows = []
    for number in range(count):
        columns = {}
        for text, value, name in entries:
            picture = _to_picture(value[number])
            if name == "lr":
                picture = picture.repeat(scale, axis=0).repeat(scale, axis=1)
            free = side - picture.shape[0]
            columns[text] = np.pad(picture, ((0, free), (0, 0), (0, 0)), constant_values=255)
        rows.append(strip(columns))
    return rows


def _is_other(value: Tensor, after: Batch, name: str) -> bool:
    """Whether an entry was changed by transforms."""
    now = after.get(name)
    return now is None or now.shape != value.shape or not torch.equal(now, value)


def _to_picture(image: Tensor) -> PictureArray:
    """Gray becomes RGB of equal channels; alpha is left out."""
    array: PictureArray = to_image(image)
    return array.repeat(3, axis=2) if array.shape[2] == 1 else array[..., :3]


def _one_below_other(rows: list[PictureArray]) -> PictureArray:
    """Rows one below the other, on white."""
    width = max(row.shape[1] for row in rows)
    pieces = [
        np.pad(row, ((0, _GAP), (0, width - row.shape[1]), (0, 0)), constant_values=255)
        for row in rows
    ]
    return np.concatenate(pieces)[:-_GAP]
