"""Benchmark folders in the layouts of the field, recognized by the names of their folders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.config.paths import path_complaint
from srcore.contracts import Dataset
from srcore.datasets.hr_folder import HrFolder
from srcore.datasets.options import HrFolderOptions
from srcore.datasets.paired_folder import PairedFolder
from srcore.errors import DataError
from srcore.images import is_image_name, natural_key
from srcore.options.declaration import defaults
from srcore.scanning.lists import image_lists, paired_lists

_DEFAULT = defaults(HrFolderOptions)

#: Folder of HR images, folder of LR images, name of an LR image by the stem of the HR image.
_LAYOUTS = (
    ("HR_x{scale}", "LR_x{scale}", "{stem}"),
    ("GTmod12", "LRbicx{scale}", "{stem}"),
    ("HR", "LR_bicubic/X{scale}", "{stem}x{scale}"),
    ("HR", "LR_bicubic/X{scale}", "{stem}"),
    ("DIV2K_valid_HR", "DIV2K_valid_LR_bicubic/X{scale}", "{stem}x{scale}"),
    ("HR", "LR_x{scale}", "{stem}"),
    ("HR", "x{scale}", "{stem}"),
    ("GT", "LR", "{stem}"),
    ("HR", "LR", "{stem}"),
)
_DIALECTS = {
    "matlab": "MATLAB's bicubic",
    "matlab_uint8": "MATLAB's bicubic rounded in between",
    "opencv": "OpenCV's bicubic",
}
_HR_FOLDERS = ("HR_x{scale}", "GTmod12", "HR", "GT", "original")


@attrs.frozen
class ImageSet:
    """Pairs of images to evaluate on.

    Attributes:
        name: for tables.
        scale: factor between HR and LR.
        origin: where the LR images come from, for the statement of the protocol.
        dataset: the images.
        folders: where they lie.
        files: those of every folder, in the order of the images.
    """

    name: str
    scale: int
    origin: str
    dataset: Dataset
    folders: tuple[Path, ...] = ()
    files: tuple[Sequence[Path], ...] = ()

    def __len__(self) -> int:
        return len(self.dataset)

    def pair(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """LR and HR ``(H, W, C)`` uint8, HR cut to ``scale`` times the size of LR.

        Raises:
            DataError: unreadable, or the sizes do not fit the scale.
        """
        sample = self.dataset.sample(index, None)
        return as_uint8(sample["lr"]), as_uint8(sample["hr"])


def find_sets(
    argument: str,
    scale: int,
    *,
    channels: int = _DEFAULT.channels,
    downscale: str = _DEFAULT.downscale,
) -> list[ImageSet]:
    """The image sets that ``DIR`` or ``NAME=DIR`` names.

    A folder is a set if it holds the folders of a known layout, such as ``HR_x4`` and ``LR_x4`` or
    ``GTmod12`` and ``LRbicx4``; or one of high-resolution images; or images, taken for
    high-resolution ones. Without LR images they are made by a dialect of bicubic. A folder of such
    folders stands for all of them. Images have ``channels`` 3 or 4, with alpha.

    Raises:
        DataError: no such folder, or nothing in it is recognized.
    """
    name, separator, path = argument.partition("=")
    if not separator or Path(argument).is_dir():
        name, path = "", argument
    folder = Path(path)
    if complaint := path_complaint(folder, "folder"):
        raise DataError(f"--data {argument}: {complaint}")
    own = _recognize_layout(folder, name or folder.resolve().name, scale, channels, downscale)
    if own is not None:
        return [own]
    below = sorted(
        (entry for entry in folder.iterdir() if entry.is_dir()),
        key=lambda entry: natural_key(entry.name),
    )
    sets = [
        _recognize_layout(entry, f"{name}/{entry.name}".lstrip("/"), scale, channels, downscale)
        for entry in below
    ]
    usable = [entry for entry in sets if entry is not None]
    if not usable:
        raise DataError(
            f"{folder}: no images for scale {scale}; expected images, HR_x{scale} and LR_x{scale}, "
            f"GTmod12 and LRbicx{scale}, or HR and LR_bicubic/X{scale}, here or one folder below"
        )
    return usable


def told_apart(sets: Sequence[ImageSet]) -> list[ImageSet]:
    """The sets; those that have the name of another are numbered, and their folder is said."""
    taken: set[str] = set()
    result = []
    for image_set in sets:
        names = chain([image_set.name], (f"{image_set.name}_{number}" for number in count(2)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        origin = (
            image_set.origin
            if name == image_set.name
            else f"{image_set.origin}, from {image_set.folders[0]}"
        )
        result.append(attrs.evolve(image_set, name=name, origin=origin))
    return result


def paired_set(
    hr: Path, lr: Path, scale: int, name: str = "", *, channels: int = _DEFAULT.channels
) -> ImageSet:
    """A set of two folders; names of LR images may end with ``x4`` or the like."""
    for template in ("{stem}", "{stem}x{scale}", "{stem}_x{scale}", "{stem}LRx{scale}"):
        if _has_names_of(hr, lr, _lr_name(template, scale)):
            break
    else:
        template = "{stem}"
    return _paired(hr, lr, template, scale, name or hr.resolve().name, channels)


def _recognize_layout(
    folder: Path, name: str, scale: int, channels: int, downscale: str
) -> ImageSet | None:
    for hr_name, lr_name, template in _LAYOUTS:
        hr, lr = (folder / part.format(scale=scale) for part in (hr_name, lr_name))
        if hr.is_dir() and lr.is_dir() and _has_names_of(hr, lr, _lr_name(template, scale)):
            return _paired(hr, lr, template, scale, name, channels)
    for hr_name in _HR_FOLDERS:
        hr = folder / hr_name.format(scale=scale)
        if _images_beside(hr):
            return _hr_only(hr, scale, name, channels, downscale)
    return _hr_only(folder, scale, name, channels, downscale) if _images_beside(folder) else None


def _paired(hr: Path, lr: Path, template: str, scale: int, name: str, channels: int) -> ImageSet:
    lr_name = _lr_name(template, scale)
    dataset = PairedFolder(scale=scale, hr=hr, lr=lr, lr_name=lr_name, channels=channels)
    files = paired_lists(hr, lr, lr_name, None)
    return ImageSet(name, scale, f"{hr.name} and {lr.name}", dataset, (hr, lr), files)


def _hr_only(hr: Path, scale: int, name: str, channels: int, downscale: str) -> ImageSet:
    dataset = HrFolder(scale=scale, hr=hr, downscale=downscale, channels=channels)
    origin = f"LR made from HR by {_DIALECTS[downscale]}, 8 bits"
    return ImageSet(name, scale, origin, dataset, (hr,), tuple(image_lists(hr, None)))


def _lr_name(template: str, scale: int) -> str:
    return template.replace("{stem}", "{}").replace("{scale}", str(scale))


def _images_beside(folder: Path) -> Sequence[Path]:
    return [entry for entry in folder.iterdir() if is_image_name(entry)] if folder.is_dir() else []


def _has_names_of(hr: Path, lr: Path, lr_name: str) -> bool:
    """Whether the first pair has the names of a layout; all others are checked when paired."""
    stems = {entry.stem for entry in _images_beside(lr)}
    return any(lr_name.replace("{}", entry.stem) in stems for entry in _images_beside(hr))


def as_uint8(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    """An image of 8 or 16 bits in 8 bits.

    ``(H, W, C)`` in 0..255 or 0..65535 -> ``(H, W, C)`` in 0..255.
    """
    if image.dtype == np.uint8:
        return np.asarray(image, np.uint8)
    return np.round(np.asarray(image, np.float64) / 257).astype(np.uint8)
