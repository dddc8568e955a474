"""Side-by-side pictures of validation images: bicubic | super-resolved | ground truth.

A strip is a PNG file that describes itself: a text in it holds sizes, names and measured values of
its columns, so that :func:`read_strip` can take it apart again.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.files.atomic import write_bytes
from srcore.images import encode_image, png_text, read_rgb, with_png_text
from srcore.runs.folder import RunFolder
from srcore.transforms.resize import resize_uint8

if TYPE_CHECKING:
    from srcore.engine.validation_sets import ValidationImage

_GAP = 8
_UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f]')
_LONGEST_NAME = 120  # bytes of an image's name in that of its picture
_CAPTION_HEIGHT = 24
_KEYWORD = "srcore-strip"


@attrs.frozen
class Column:
    """One picture of a strip.

    Attributes:
        name: ``"bicubic"``, ``"trained"`` or ``"ground truth"``.
        picture: ``(H, W, 3)`` uint8.
        values: what was measured on it, by metric.
    """

    name: str
    picture: NDArray[np.uint8]
    values: Mapping[str, float] = attrs.field(factory=dict)

    @property
    def caption(self) -> str:
        """What is written above the picture."""
        return "  ".join([self.name, *(f"{name} {v:.4g}" for name, v in self.values.items())])


@attrs.frozen
class Strip:
    """A validation image in columns.

    Attributes:
        set_name: its validation set.
        image: stem of its file.
        columns: from left to right.
    """

    set_name: str
    image: str
    columns: tuple[Column, ...]


def bicubic_of(result: ValidationImage) -> NDArray[np.uint8]:
    """The low-resolution image, enlarged to the size of the super-resolved one.

    The picture is ``(H, W, C)`` in 0..255.
    """
    assert result.sr is not None
    assert result.lr is not None
    height, width = result.sr.shape[:2]
    return np.asarray(resize_uint8(result.lr, size=(height, width)), np.uint8)


def file_names(images: Sequence[str]) -> list[str]:
    """A name for the picture of every image of a set: all different, all in one folder.

    >>> file_names(["a", "x/a", "x_a"])
    ['a', 'x_a', 'x_a_2']
    """
    names: dict[str, None] = {}
    for image in images:
        text = image.encode("utf-8", "backslashreplace")[:_LONGEST_NAME].decode("utf-8", "ignore")
        stem = _UNSAFE.sub("_", text)
        different = chain([stem], (f"{stem}_{number}" for number in count(2)))
        names[next(name for name in different if name not in names)] = None
    return list(names)


def remove_earlier(run: RunFolder, keep: int, best: int | None) -> None:
    """Remove the pictures of all but the newest ``keep`` validations and the best one; 0: none."""
    pictured = run.pictured()
    for number in [*pictured][:-keep] if keep else ():
        if number != best:
            _remove(pictured[number])


def remove_later(run: RunFolder, iteration: int) -> None:
    """Remove the pictures of validations that the state of a killed run does not know of."""
    for number, folder in run.pictured().items():
        if number > iteration:
            _remove(folder)


def _remove(folder: Path) -> None:
    for file in folder.glob("*.png"):
        file.unlink()
    with contextlib.suppress(OSError):  # somebody else's files keep it
        folder.rmdir()


def write_strip(
    path: Path, result: ValidationImage, *, set_name: str, bicubic_values: Mapping[str, float]
) -> Path:
    """Write the strip of one image; without ground truth it has two columns."""
    assert result.sr is not None
    columns = [
        Column("bicubic", bicubic_of(result), bicubic_values),
        Column("trained", result.sr, result.values),
    ]
    if result.hr is not None:
        columns.append(Column("ground truth", result.hr))
    described = [
        {"name": c.name, "size": c.picture.shape[:2], "values": dict(c.values)} for c in columns
    ]
    text = json.dumps({"set": set_name, "image": result.name, "columns": described})
    pixels = side_by_side([(column.caption, column.picture) for column in columns])
    write_bytes(path, with_png_text(encode_image(pixels, ".png", path), _KEYWORD, text))
    return path


def read_strip(path: Path) -> Strip | None:
    """Take a strip apart; None for any other picture.

    Raises:
        DataError: not an image, a damaged one, or one whose description is none.
    """
    text = png_text(path, _KEYWORD)
    if text is None:
        return None
    pixels = read_rgb(path)
    described = _read_description(text)
    if described is None or not _lie_within(described["columns"], pixels.shape[:2]):
        raise DataError(f"{path}: is not the strip of pictures that it says it is")
    columns, left = [], 0
    for entry in described["columns"]:
        height, width = entry["size"]
        area = pixels[_CAPTION_HEIGHT : _CAPTION_HEIGHT + height, left : left + width]
        columns.append(Column(entry["name"], np.ascontiguousarray(area), entry["values"]))
        left += width + _GAP
    return Strip(described["set"], described["image"], tuple(columns))


def _read_description(text: str) -> dict[str, Any] | None:
    """What a strip says of itself; None if it is nothing that :func:`write_strip` writes."""
    try:
        description = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(description, dict) or not isinstance(description.get("columns"), list):
        return None
    names = all(isinstance(description.get(key), str) for key in ("set", "image"))
    return description if names and all(map(_is_column, description["columns"])) else None


def _is_column(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return False
    size, values = entry.get("size"), entry.get("values")
    return (
        isinstance(size, list)
        and len(size) == 2
        and all(type(side) is int and side > 0 for side in size)
        and isinstance(values, dict)
        and all(type(value) in (int, float) for value in values.values())
    )


def _lie_within(columns: Sequence[dict[str, Any]], shape: tuple[int, ...]) -> bool:
    """Whether two or three columns lie within a picture, and show the same at the same size."""
    sizes = [tuple(entry["size"]) for entry in columns]
    if len(sizes) not in (2, 3):
        return False
    height = _CAPTION_HEIGHT + max(size[0] for size in sizes)
    width = sum(size[1] for size in sizes) + _GAP * (len(sizes) - 1)
    return (height, width) == tuple(shape)


def side_by_side(columns: list[tuple[str, NDArray[Any]]]) -> NDArray[np.uint8]:
    """Pictures ``(H, W, 3)`` in a row, each below its caption; lower ones are filled with white."""
    height = max(picture.shape[0] for _, picture in columns)
    pieces = []
    for caption, picture in columns:
        column = np.full((height + _CAPTION_HEIGHT, picture.shape[1], 3), 255, np.uint8)
        column[_CAPTION_HEIGHT : _CAPTION_HEIGHT + picture.shape[0]] = picture
        cv2.putText(
            column, caption, (2, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA
        )
        gap = np.full((height + _CAPTION_HEIGHT, _GAP, 3), 255, np.uint8)
        pieces += [column, gap]
    return np.concatenate(pieces[:-1], axis=1)
