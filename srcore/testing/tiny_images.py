"""Small images with edges, texture and color, made from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def tiny_image(seed: int = 0, height: int = 48, width: int = 48) -> NDArray[np.uint8]:
    """An RGB image ``(height, width, 3)``: a gradient, stripes, a disc, a little noise.

    >>> import srcore
    >>> image = srcore.testing.tiny_image(seed=3, height=20, width=30)
    >>> image.shape, str(image.dtype)
    ((20, 30, 3), 'uint8')
    """
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    angle, period = generator.uniform(0, np.pi), generator.uniform(4, 12)
    stripes = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
    center = generator.uniform(0.25, 0.75, 2) * (height, width)
    disc = np.hypot(y - center[0], x - center[1]) < min(height, width) * generator.uniform(
        0.15, 0.35
    )
    levels: NDArray[Any] = (
        generator.uniform(60, 190, 3)
        + generator.uniform(-50, 50, 3) * (x / width)[..., None]
        + generator.uniform(-50, 50, 3) * (y / height)[..., None]
        + generator.uniform(5, 30, 3) * stripes[..., None]
        + generator.uniform(-70, 70, 3) * disc[..., None]
        + generator.normal(0, 2, (height, width, 3))
    )
    image: NDArray[np.uint8] = levels.clip(0, 255).round().astype(np.uint8)
    return image


def write_tiny_images(
    folder: Path, count: int = 6, *, height: int = 48, width: int = 48, seed: int = 0
) -> Path:
    """Write ``count`` tiny images as ``00.png``, ``01.png``, ... and return the folder.

    >>> import tempfile, srcore
    >>> folder = srcore.testing.write_tiny_images(Path(tempfile.mkdtemp()), 2)
    >>> sorted(file.name for file in folder.iterdir())
    ['00.png', '01.png']
    """
    from srcore.images import write_image

    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        write_image(folder / f"{index:02}.png", tiny_image(seed + index, height, width))
    return folder
