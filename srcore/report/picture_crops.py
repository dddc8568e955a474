"""Validation pictures for the page: cut out of their strips, cropped, and embedded."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import cv2
import numpy as np

from srcore.errors import DataError
from srcore.images import PictureArray, read_rgb
from srcore.report.reading import RunRecord
from srcore.runs.strips import Column, Strip, read_strip

#: Bytes that all pictures of a page may take together.
BUDGET = 4_000_000
_FIGURES = 24  # on a page
_FURTHER = 8  # pictures that are no strips
_SIDES = (512, 384, 256, 192, 128)  # of the crop; the first with which a figure fits its share
_WIDTHS = (1200, 800, 500)  # of pictures that are shown whole
_QUALITY = 95


@attrs.frozen
class Shown:
    """One picture under the slider.

    Attributes:
        label: ``"bicubic"``, ``"trained"`` or the run's label, ``"ground truth"``.
        uri: the picture itself.
        values: what was measured on it, by metric.
    """

    label: str
    uri: str
    values: Mapping[str, float]


@attrs.frozen
class Figure:
    """A validation image in all its versions.

    Attributes:
        image, set_name: which one.
        versions: what can be compared: bicubic and one per run.
        truth: the ground truth, None if there is none.
        height, width: of what is shown, in pixels of the super-resolved image.
        note: which part of the image it is, empty if all of it.
    """

    image: str
    set_name: str
    versions: tuple[Shown, ...]
    truth: Shown | None
    height: int
    width: int
    note: str

    @property
    def metrics(self) -> list[str]:
        """Names of what was measured on any version."""
        return list(dict.fromkeys(name for shown in self.versions for name in shown.values))


@attrs.frozen
class Gallery:
    """All pictures of a page.

    Attributes:
        figures: images under a slider.
        further: (name, picture) of what plugins drew.
        notes: what was left out.
    """

    figures: tuple[Figure, ...]
    further: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@attrs.frozen
class _Image:
    set_name: str
    name: str
    versions: tuple[Column, ...]
    truth: Column | None


def gallery(runs: Sequence[RunRecord], *, budget: int = BUDGET) -> Gallery:
    """Collect and embed the pictures of the runs' last validations.

    The same image of several runs becomes one figure. Pictures share ``budget`` bytes: crops get
    smaller until everything fits.
    """
    strips, other, damaged = _read_pictures(runs)
    images = _merged_strips(strips, single=len(runs) == 1)
    notes = []
    if len(images) > _FIGURES:
        notes.append(f"{_FIGURES} of {len(images)} images are shown")
        images = images[:_FIGURES]
    if damaged:
        notes.append(f"{damaged} pictures could not be read")
    further_budget = budget // 4 if other else 0
    figures, left = [], budget - further_budget
    for index, image in enumerate(images):
        figure, used = _figure(image, left // (len(images) - index))
        figures.append(figure)
        left -= used
    if len(other) > _FURTHER:
        notes.append(f"{_FURTHER} of {len(other)} further pictures are shown")
        other = other[:_FURTHER]
    further = tuple(
        (name, _uncut(picture, further_budget // len(other))) for name, picture in other
    )
    return Gallery(tuple(figures), further, tuple(notes))


def _read_pictures(
    runs: Sequence[RunRecord],
) -> tuple[list[tuple[str, Strip]], list[tuple[str, PictureArray]], int]:
    strips: list[tuple[str, Strip]] = []
    other: list[tuple[str, PictureArray]] = []
    damaged = 0
    for run in runs:
        for file in run.pictures:
            try:
                strip = read_strip(file)
                if strip is not None:
                    strips.append((run.label, strip))
                elif len(other) <= _FURTHER:  # the rest is only counted
                    other.append((_picture_name(run, file, single=len(runs) == 1), read_rgb(file)))
                else:
                    other.append(("", np.zeros((1, 1, 3), np.uint8)))
            except (DataError, ValueError, KeyError):
                damaged += 1
    return strips, other, damaged


def _picture_name(run: RunRecord, file: Path, *, single: bool) -> str:
    return file.stem if single else f"{run.label}: {file.stem}"


def _merged_strips(strips: Sequence[tuple[str, Strip]], *, single: bool) -> list[_Image]:
    """One entry per image of a set; runs of another scale have images of another size."""
    images: dict[tuple[str, str, tuple[int, ...]], _Image] = {}
    for label, strip in strips:
        bicubic, trained, *truth = strip.columns
        column = trained if single else attrs.evolve(trained, name=label)
        key = (strip.set_name, strip.image, trained.picture.shape)
        entry = images.get(key)
        if entry is None:
            entry = _Image(strip.set_name, strip.image, (bicubic,), truth[0] if truth else None)
        images[key] = attrs.evolve(entry, versions=(*entry.versions, column))
    return list(images.values())


def _figure(image: _Image, share: int) -> tuple[Figure, int]:
    """Embed one image; also the bytes that it takes."""
    height, width = image.versions[-1].picture.shape[:2]
    for side in _SIDES:
        versions = tuple(_made_shown(column, side) for column in image.versions)
        truth = _made_shown(image.truth, side) if image.truth else None
        used = sum(len(shown.uri) for shown in (*versions, *([truth] if truth else [])))
        if used <= share:
            break
    shown_height, shown_width = min(height, side), min(width, side)
    cropped = (shown_height, shown_width) != (height, width)
    note = f"center {shown_width} x {shown_height} of {width} x {height} pixels" if cropped else ""
    figure = Figure(image.name, image.set_name, versions, truth, shown_height, shown_width, note)
    return figure, used


def _made_shown(column: Column, side: int) -> Shown:
    return Shown(column.name, _uri(_center(column.picture, side)), column.values)


def _center(picture: PictureArray, side: int) -> PictureArray:
    height, width = picture.shape[:2]
    top, left = max(0, height - side) // 2, max(0, width - side) // 2
    return picture[top : top + side, left : left + side]


def _uncut(picture: PictureArray, share: int) -> str:
    """A picture that is not cut, shrunk until it fits."""
    height, width = picture.shape[:2]
    for limit in _WIDTHS:
        factor = min(1.0, limit / width, 4 * limit / height)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if factor < 1 else picture
        uri = _uri(np.asarray(small, np.uint8))
        if len(uri) <= share:
            break
    return uri


def _uri(picture: PictureArray) -> str:
    """JPEG with full color resolution: a few times smaller than PNG, no visible difference."""
    settings = [
        cv2.IMWRITE_JPEG_QUALITY,
        _QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, encoded = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), settings)
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
