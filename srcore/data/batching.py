"""Arrays of several samples -> one array, ready for pinned memory and the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError

if TYPE_CHECKING:
    from srcore.contracts import Sample


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
