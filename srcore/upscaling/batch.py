"""Upscaling many files: bad ones are reported and the others go on."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray
from torch import nn

from srcore.errors import Interrupted, SrcoreError, line_about
from srcore.films.facts import film_size
from srcore.images import fitting_options, holding
from srcore.inference.backends.backend import BackendError
from srcore.inference.channels import shown_to
from srcore.inference.options import UpscaleOptions
from srcore.inference.upscaler import upscale_bands
from srcore.machine.memory import is_out_of_memory
from srcore.options.declaration import defaults
from srcore.plugin.registry import Registry
from srcore.upscaling.background import in_background
from srcore.upscaling.fitting import Fitting
from srcore.upscaling.frames import choose_frames, upscale_series
from srcore.upscaling.inputs import InputImage
from srcore.upscaling.jobs import Task
from srcore.upscaling.options import FrameOptions, Frames
from srcore.upscaling.output import check_writable, is_written, write_bands, write_series
from srcore.upscaling.reading_ahead import Input, inputs_in_turn
from srcore.upscaling.sizing import Sizing, middle

#: Reasons of failures that the last line names.
_REASONS = 8

#: Characters of a library's message about missing memory.
_SHOWN = 120


@attrs.frozen(kw_only=True)
class Settings:
    """How a job upscales and writes.

    ``writing`` holds options of image formats; each output takes those that its format has.
    ``registry`` knows backends of plugins.
    """

    sizing: Sizing = attrs.field(factory=Sizing)
    fitting: Fitting = attrs.field(factory=Fitting)
    upscaling: UpscaleOptions = attrs.field(factory=UpscaleOptions)
    writing: Mapping[str, Any] = attrs.field(factory=dict)
    frames: Frames = defaults(FrameOptions).frames
    registry: Registry | None = None


@attrs.frozen
class Result:
    """What became of one file.

    Attributes:
        task: source and target.
        status: ``"done"``, ``"skipped"`` or ``"failed"``.
        message: why it failed, one line.
        size: width and height of the result.
        seconds: time it took.
        note: what of the input is not in the result, one line.
        lost: names of what the output cannot keep, or was asked not to.
    """

    task: Task
    status: Literal["done", "skipped", "failed"]
    message: str = ""
    size: tuple[int, int] | None = None
    seconds: float = 0.0
    note: str = ""
    lost: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The message without names of files and details: what several failures share."""
        text = self.message
        for path in (self.task.source, self.task.target):
            text = text.removeprefix(f"{path}: ")
        parts = [part.strip() for part in re.split(r"[:;(]", text)]
        return next((part for part in parts if not re.match(r"\d+x\d+", part)), text)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "source": str(self.task.source),
            "target": str(self.task.target),
            "status": self.status,
            "message": self.message,
            "size": self.size,
            "seconds": round(self.seconds, 3),
            "note": self.note,
            "lost": list(self.lost),
        }


def counts_in_words(results: Sequence[Result]) -> str:
    """How many files were done, skipped and failed: ``2 done, 1 failed: 1 no such file``."""
    counts = Counter(result.status for result in results)
    text = ", ".join(
        f"{counts[status]} {status}" for status in ("done", "skipped", "failed") if counts[status]
    )
    reasons = Counter(result.reason for result in results if result.status == "failed")
    shown = [f"{number} {reason}" for reason, number in reasons.most_common(_REASONS)]
    if others := sum(reasons.values()) - sum(number for _, number in reasons.most_common(_REASONS)):
        shown.append(f"{others} for other reasons")
    return f"{text}: {', '.join(shown)}" if shown else text


def lost_by_results(results: Sequence[Result]) -> str:
    """What results do not keep, with numbers of files: ``EXIF data (3), texts (1)``; or nothing."""
    counts = Counter(name for result in results for name in result.lost)
    return ", ".join(f"{name} ({number})" for name, number in counts.most_common())


def pixels_of(tasks: Sequence[Task]) -> list[int]:
    """Input pixels of every task by the headers; 0 where that cannot be known in advance."""
    return [height * width for height, width in sizes_by_headers(tasks)]


def sizes_by_headers(tasks: Sequence[Task]) -> list[tuple[int, int]]:
    """Heights and widths of inputs by the headers; 0 where that cannot be known in advance."""
    sizes = (None if task.source.is_far else _size_in_advance(task) for task in tasks)
    return [size or (0, 0) for size in sizes]


def largest_factor(sizing: Sizing, tasks: Sequence[Task]) -> float:
    """The largest factor between output and input sides; 1 where no header can be read."""
    sizes: Iterator[tuple[int, int] | None] = map(_size_in_advance, tasks)
    if any(task.source.is_far for task in tasks):
        sizes = (size.result() for size in in_background(_size_in_advance, tasks))
    factors = (sizing.factor(*size, 1) for size in sizes if size is not None)
    return max(factors, default=1.0)


def _size_in_advance(task: Task) -> tuple[int, int] | None:
    try:
        if task.is_film:
            return film_size(Path(task.source.path))
        header = task.source.header()
    except Exception:  # said when its turn comes
        return None
    return header.height, header.width


def upscale_files(
    network: nn.Module,
    tasks: Sequence[Task],
    settings: Settings,
    progress: Callable[[int], object],
) -> Iterator[Result]:
    """Upscale files one after the other, reading the next one meanwhile.

    What outputs cannot hold is known by the headers: these files fail before the network runs.

    Args:
        network: generator on its device.
        tasks: what to do.
        settings: how.
        progress: called with numbers of finished input pixels.
    """
    refused = [_refusal(task, settings, network.scale) for task in tasks]  # type: ignore[arg-type]  # an int by the contract
    for task, error in zip(tasks, refused, strict=True):
        if error is not None:
            yield Result(task, "failed", _about(task.source, error))
    tasks = [task for task, error in zip(tasks, refused, strict=True) if error is None]
    with contextlib.closing(inputs_in_turn([task.source for task in tasks])) as inputs:
        for task, read in zip(tasks, inputs, strict=True):
            started = time.perf_counter()
            try:
                result = _upscale_file(network, task, read(), settings, progress)
            except (Interrupted, BackendError):  # the latter of all files alike
                raise
            except Exception as error:  # whatever it is, the other files are done
                yield Result(task, "failed", _about(task.source, error))
            else:
                yield attrs.evolve(result, seconds=time.perf_counter() - started)


def _refusal(task: Task, settings: Settings, scale: int) -> Exception | None:
    """Why the output does not hold the result, by the header of the input."""
    if task.source.is_far:
        return None
    try:
        header = task.source.header()
    except Exception:  # said when its turn comes
        return None
    pixel = settings.fitting.apply(np.zeros((1, 1, header.channels), header.dtype))
    final = settings.sizing.target(header.height, header.width, scale).final
    try:
        check_writable(task.target, pixel, final)
    except Exception as error:  # whatever it is, the other files are done
        return error
    return None


def _upscale_file(
    network: nn.Module,
    task: Task,
    source: Input,
    settings: Settings,
    progress: Callable[[int], object],
) -> Result:
    fitting = settings.fitting
    dtype = fitting.apply(source.image[:1, :1]).dtype
    series, note = choose_frames(task, source.header.frame_count, settings.frames, dtype)
    metadata = source.header.metadata
    written = fitting_options(task.target.suffix, settings.writing)
    kept: dict[str, Any] = {
        "options": written,
        "metadata": fitting.metadata(metadata),
        "origin": None if fitting.strip else source.origin,
    }

    def upscaled(image: NDArray[Any]) -> tuple[Iterator[NDArray[Any]], tuple[int, int]]:
        image = shown_to(network, image)
        target = settings.sizing.target(image.shape[0], image.shape[1], network.scale)  # type: ignore[arg-type]  # an int by the contract
        check_writable(task.target, fitting.apply(image[:1, :1]), target.final)
        bands = upscale_bands(
            network,
            image,
            settings.upscaling,
            size=target.resized,
            progress=progress,
            registry=settings.registry,
        )
        return map(fitting.apply, middle(bands, target)), target.final

    image = shown_to(network, source.image)
    names = fitting.lost(image, metadata, task.target) if is_written(task.target) else ()
    if image is not source.image:
        names = ("colors, which the network does not know", *names)
    if series is not None:
        pictures = upscale_series(series, task, upscaled)
        height, width = pictures[0].image.shape[:2]
        write_series(task.target, pictures, plays=series.plays, **kept)
        if series.plays and not holding(task.target.suffix, task.target)[1].plays:
            names = (*names, "how often an animation is shown")
        return Result(task, "done", size=(width, height), note=note, lost=names)
    bands, (height, width) = upscaled(image)
    pixel = fitting.apply(image[:1, :1])
    shape = height, width, pixel.shape[2]
    write_bands(task.target, bands, shape, np.dtype(pixel.dtype), **kept)
    return Result(task, "done", size=(width, height), note=note, lost=names)


def _about(source: InputImage, error: Exception) -> str:
    if is_out_of_memory(error) and not isinstance(error, SrcoreError):
        error = MemoryError(str(error)[:_SHOWN])
    return line_about(source, error)
