"""Upscaling many files: bad ones are reported and the others go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray
from torch import nn

from srcore.data.images import ImageHeader, read_header, read_image
from srcore.errors import DataError, SrcoreError
from srcore.inference.devices import Precision
from srcore.inference.jobs import Task
from srcore.inference.output import check_writable, write_bands
from srcore.inference.upscaler import Overlap, Tile, output_size, upscale_bands

#: Larger images are not read ahead: two of them need not be in memory.
_READ_AHEAD_PIXELS = 40_000_000

#: Deflate makes data at most 1032 times smaller (RFC 1951: 258 bytes from 2 bits).
_LARGEST_DEFLATE_RATIO = 1032


@attrs.frozen(kw_only=True)
class Settings:
    """How a job upscales and writes; see :func:`srcore.inference.upscaler.upscale`."""

    outscale: float | None = None
    tile: Tile = "auto"
    overlap: Overlap = "auto"
    batch: int = 1
    precision: Precision = "float32"
    self_ensemble: bool = False
    quality: int = 95


@attrs.frozen
class Result:
    """What became of one file.

    Attributes:
        task: source and target.
        status: ``"done"``, ``"skipped"`` or ``"failed"``.
        message: why it failed, one line.
        size: width and height of the result.
        seconds: time it took.
    """

    task: Task
    status: Literal["done", "skipped", "failed"]
    message: str = ""
    size: tuple[int, int] | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "source": str(self.task.source),
            "target": str(self.task.target),
            "status": self.status,
            "message": self.message,
            "size": self.size,
            "seconds": round(self.seconds, 3),
        }


def pixels_of(tasks: Sequence[Task]) -> list[int]:
    """Input pixels of every task by the headers; 0 where a header cannot be read."""
    return [_pixels(task.source) for task in tasks]


def _pixels(path: Path) -> int:
    try:
        header = read_header(path)
    except DataError:
        return 0
    return header.height * header.width


def upscale_files(
    network: nn.Module,
    tasks: Sequence[Task],
    settings: Settings,
    progress: Callable[[int], object],
) -> Iterator[Result]:
    """Upscale files one after the other, reading the next one meanwhile.

    Args:
        network: generator on its device.
        tasks: what to do.
        settings: how.
        progress: called with numbers of finished input pixels.
    """
    with ThreadPoolExecutor(1) as reader:
        ahead: Future[NDArray[Any]] | None = None
        for position, task in enumerate(tasks):
            pending, ahead = ahead, None
            following = tasks[position + 1] if position + 1 < len(tasks) else None
            if following is not None and 0 < _pixels(following.source) <= _READ_AHEAD_PIXELS:
                ahead = reader.submit(_read, following.source)
            started = time.perf_counter()
            try:
                image = _read(task.source) if pending is None else pending.result()
                size = _upscale_file(network, task, image, settings, progress)
            except SrcoreError as error:
                yield Result(task, "failed", _about(task.source, error))
            except MemoryError as error:
                yield Result(task, "failed", f"{task.source}: not enough memory ({error})")
            else:
                yield Result(task, "done", size=size, seconds=time.perf_counter() - started)


def _upscale_file(
    network: nn.Module,
    task: Task,
    image: NDArray[Any],
    settings: Settings,
    progress: Callable[[int], object],
) -> tuple[int, int]:
    height, width = output_size(image, int(network.scale), settings.outscale)  # type: ignore[arg-type]  # an int by the contract
    check_writable(task.target, image, (height, width))
    options = attrs.asdict(settings)
    quality = options.pop("quality")
    bands = upscale_bands(network, image, progress=progress, **options)
    shape = (height, width, image.shape[2])
    dtype = np.dtype(image.dtype)
    profile = read_header(task.source).icc_profile
    write_bands(task.target, bands, shape, dtype, quality=quality, icc_profile=profile)
    return width, height


def _read(path: Path) -> NDArray[Any]:
    header = read_header(path)
    _refuse_lying_header(path, header)
    return read_image(path)


def _refuse_lying_header(path: Path, header: ImageHeader) -> None:
    """Before gigabytes are allocated for a damaged or malicious PNG of a few hundred bytes."""
    with path.open("rb") as file:
        if file.read(4) != b"\x89PNG":
            return
    # 1 bit per pixel is the least that a PNG can have.
    least = header.height * header.width // 8 // _LARGEST_DEFLATE_RATIO
    if path.stat().st_size < least:
        raise DataError(
            f"{path}: its header promises {header.width}x{header.height} pixels, but the file is "
            f"too small for them ({path.stat().st_size} bytes); copy or download it again"
        )


def _about(path: Path, error: SrcoreError) -> str:
    text = " ".join(str(error).split())
    return text if str(path) in text else f"{path}: {text}"
