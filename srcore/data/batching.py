"""Arrays of several samples -> one array, ready for pinned memory and the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError

if TYPE_CHECKING:
    from srcore.contracts import Sample


#: Entry of a sample that holds what is no image, by name: numbers, arrays of one size, texts.
EXTRAS = "extras"


def split_extras(sample: Sample) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The images of a sample, and what travels with them.

    Images are as in the sample, ``(C, H, W)`` or ``(H, W, C)``.
    """
    images = {name: image for name, image in sample.items() if name != EXTRAS}
    return images, dict(cast("dict[str, Any]", sample.get(EXTRAS, {})))


def stack_extras(extras: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Numbers and arrays stacked to ``(N, ...)`` by name, texts as lists.

    Raises:
        DataError: entries that not all samples have, or arrays of different sizes.
    """
    names = extras[0].keys()
    if any(entry.keys() != names for entry in extras):
        raise DataError(
            f"a batch mixes samples with other extras than {', '.join(names)}; check the dataset"
        )
    return {name: _stack_extra(name, [entry[name] for entry in extras]) for name in names}


def _stack_extra(name: str, values: Sequence[Any]) -> Any:
    if all(isinstance(value, str) for value in values):
        return list(values)
    arrays = [np.asarray(value) for value in values]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1 or arrays[0].dtype.kind not in "biuf":
        raise DataError(
            f"extra {name}: expected numbers, arrays of one size or texts, found "
            f"{arrays[0].dtype} of sizes {', '.join(map(str, shapes))}"
        )
    return np.stack(arrays)


def stack_samples(samples: Sequence[Sample]) -> dict[str, NDArray[Any]]:
    """Stack samples to ``(N, H, W, C)`` by name; where 8 and 16 bits meet, all become 16.

    Raises:
        DataError: samples of different sizes, or of different names.
    """
    names = samples[0].keys()
    if any(sample.keys() != names for sample in samples):
        raise DataError("a batch mixes samples with and without lr or hr; check the dataset")
    return {name: _stack(name, [sample[name] for sample in samples]) for name in names}


def _stack(name: str, images: Sequence[NDArray[Any]]) -> NDArray[Any]:
    shapes = sorted({image.shape for image in images})
    if len(shapes) > 1:
        raise DataError(
            f"a batch holds {name} images of different sizes ({shapes[0]} and {shapes[-1]}); "
            "set hr_patch_size, or batch_size = 1"
        )
    if len({image.dtype for image in images}) > 1:
        # 257 = 65535 / 255 keeps black black and white white.
        images = [
            image.astype(np.uint16) * 257 if image.dtype == np.uint8 else image for image in images
        ]
    return np.stack(images)
