"""Files of several pictures: which of them are enlarged, and why not all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images import Picture, Series, holding, series_in, series_suffixes
from srcore.upscaling.jobs import Task
from srcore.upscaling.options import Frames

#: Enlarges one image: bands of rows, and the size they make.
Upscale = Callable[[NDArray[Any]], tuple[Iterator[NDArray[Any]], tuple[int, int]]]

#: Bytes of enlarged pictures that are in memory together until they are written.
_LARGEST_SERIES = 2**31


def choose_frames(
    task: Task, count: int, wanted: Frames, dtype: np.dtype[Any]
) -> tuple[Series | None, str]:
    """The pictures to enlarge, None for the first alone, and what to say of those left out.

    Args:
        task: source and target.
        count: pictures of the source, by its header.
        wanted: see :data:`srcore.upscaling.options.Frames`.
        dtype: of what is written.

    Raises:
        DataError: all are wanted, and the output does not hold them.
    """
    if count < 2 or wanted == "first":
        return None, ""
    try:
        with task.source.opened() as file:
            series = series_in(file, str(task.source))
        obstacle = _obstacle(series, task, dtype)
    except DataError as error:
        series, obstacle = None, str(error).removeprefix(f"{task.source}: ")
    if series is not None and not obstacle:
        what = "frames" if series.kind == "animation" else "pages"
        return series, f"{task.source}: all {count} {what} enlarged; --frames first takes one"
    if wanted == "all":
        raise DataError(f"{task.source}: {obstacle}, or --frames first ({count} pictures)")
    return None, (
        f"{task.source}: {count - 1} of {count} frames or pages left out: {obstacle}, and "
        "--frames all; --frames first takes the first without this line"
    )


def _obstacle(series: Series | None, task: Task, dtype: np.dtype[Any]) -> str:
    """Why not all pictures can be written; empty if they can."""
    if series is None:
        return "only the first of such files is read"
    if holding(task.target.suffix.lower(), task.target)[1].series == series.kind:
        is_too_deep = series.kind == "animation" and dtype != np.uint8
        return "animations hold 8 bits per channel; use --depth 8" if is_too_deep else ""
    what = "animations" if series.kind == "animation" else "pages"
    return f"{task.target.suffix} holds no {what}; use {' or '.join(series_suffixes(series.kind))}"


def upscale_series(series: Series, task: Task, upscale: Upscale) -> list[Picture]:
    """All pictures of a file, enlarged.

    Raises:
        DataError: a damaged picture, or more than the memory should hold.
    """
    pictures: list[Picture] = []
    total = 0
    for picture in series.pictures:
        bands, (height, width) = upscale(picture.image)
        total += height * width * picture.image.shape[2] * picture.image.itemsize
        # Known after the first picture of an animation, since all have one size.
        expected = total * series.count if not pictures else total
        if expected > _LARGEST_SERIES:
            raise DataError(
                f"{task.source}: {series.count} pictures of {width}x{height} are too many for one "
                "file; use --frames first or a smaller size"
            )
        pictures.append(attrs.evolve(picture, image=np.concatenate(list(bands))))
    return pictures
