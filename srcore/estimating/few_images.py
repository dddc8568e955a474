"""A few images of every validation set, the largest among them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.data.sizes import upscaled_sizes
from srcore.engine.validation_sets import ValidationSet
from srcore.plugin.calling import call

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.contracts import Dataset

_FEW = 3


@attrs.define
class FewImages:
    """Some images of a data set, as a data set; with the pixels of what was looked at.

    Attributes:
        pixels: of all low-resolution images that were read.
    """

    dataset: Dataset
    indices: list[int]
    pixels: int = 0

    def __len__(self) -> int:
        return len(self.indices)

    def name(self, index: int) -> str:
        """Name of an image."""
        return self.dataset.name(self.indices[index])

    def sample(self, index: int, random: Any) -> dict[str, Any]:
        """An image as the whole data set reads it."""
        sample: dict[str, Any] = dict(
            call("dataset", self.dataset, self.indices[index], random, method="sample")
        )
        image = sample.get("lr", sample.get("hr"))
        self.pixels += int(image.shape[0] * image.shape[1]) if image is not None else 0
        return sample


@attrs.frozen
class Chosen:
    """What is validated of a set.

    Attributes:
        set: with the chosen images.
        few: its data set.
        count: images of the whole set.
        share: pixels of the chosen images, over those of all; None where sizes are not known.
    """

    set: ValidationSet
    few: FewImages
    count: int
    share: float | None

    @property
    def factor(self) -> float:
        """How much more the whole set is than what was chosen."""
        return 1 / self.share if self.share else self.count / max(1, len(self.few))


def few_images(experiment: Experiment, sets: list[ValidationSet]) -> list[Chosen]:
    """The largest image of every set, and the first ones beside it."""
    return [_few_of(experiment, images) for images in sets]


def _few_of(experiment: Experiment, images: ValidationSet) -> Chosen:
    count = len(images.dataset)
    options = experiment.data.validation[images.name].selected.options
    known = upscaled_sizes(options, experiment.scale)
    areas = {Path(file).stem: float(height * width) for file, (height, width) in known.items()}
    names = [images.dataset.name(index) for index in range(count)]
    if not count or not all(name in areas for name in names):
        indices = list(range(min(_FEW, count)))
        share = None
    else:
        largest = max(range(count), key=lambda index: areas[names[index]])
        others = [index for index in range(count) if index != largest]
        indices = sorted([largest, *others[: _FEW - 1]])
        share = sum(areas[names[it]] for it in indices) / sum(areas[name] for name in names)
    few = FewImages(images.dataset, indices)
    return Chosen(ValidationSet(images.name, few, images.transforms), few, count, share)


def whole_over_seen(chosen: list[Chosen]) -> float:
    """How much more all validation images are than those that were read, by pixels."""
    seen = sum(it.few.pixels for it in chosen)
    return sum(it.few.pixels * it.factor for it in chosen) / seen if seen else 0.0
