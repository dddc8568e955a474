"""Options of the datasets; nothing here imports torch or decodes an image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.data.wrapping import crop_size
from srcore.errors import SrcoreError
from srcore.images import folders_complaint
from srcore.options import Selected, component
from srcore.options.checks import odd
from srcore.options.declaration import InvalidOptionError, option
from srcore.options.shared_keys import listed_names, read_channels, recursive_search
from srcore.transforms.bicubic_dialect import BicubicDialect

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

Problems = Iterator[tuple[str, str]]
#: How lr is made: a dialect of bicubic, or ``"none"``: transforms make it.
Downscaling = Literal[BicubicDialect, "none"]


def _checks() -> ModuleType:
    """Imported where there is something to check: it imports NumPy."""
    from srcore.datasets import checks

    return checks


def _name_template(template: str) -> str:
    if template.count("{}") != 1:
        return f'expected a name with one {{}} for the stem, such as "{{}}x4", found "{template}"'
    return ""


@attrs.frozen(kw_only=True)
class CropOptions:
    """Keys of all datasets that training crops come from.

    Crops, flips and rotations happen in training only; validation sees whole images.
    """

    hr_patch_size: int | None = option(
        None, "side of the random crops in high-resolution pixels; none: whole images", ge=1
    )
    flip: bool = option(True, "mirror left and right with probability 1/2")
    rotate: bool = option(True, "mirror top and bottom, then transpose, each with probability 1/2")
    min_size: Literal["error", "pad"] = option(
        "error",
        "what an image smaller than the crop is: an error, or continued as in a mirror "
        "(reflection, as the published loaders do)",
    )
    cache: Literal["none", "memory", "disk"] = option(
        "none",
        "keep decoded images: in memory that all workers share, or as files that later runs find",
        may_change=True,
    )
    cache_folder: Path | None = option(
        None,
        'folder of cache = "disk"; none: srcore/images in the user\'s cache folder',
        may_change=True,
    )
    channels: Literal[1, 3, 4] = read_channels()

    def patch_problems(self, scale: int) -> Problems:
        """A crop must start and end between low-resolution pixels."""
        size = self.hr_patch_size
        if size is not None:
            from srcore.data.sizes import scale_complaint  # it imports NumPy

            if complaint := scale_complaint(size, scale):
                yield "hr_patch_size", complaint


def hr_folders() -> Any:
    """Where high-resolution images lie."""
    return option(
        help="folder of high-resolution images, or a list of folders",
        path="folder",
        check=folders_complaint,
    )


@attrs.frozen(kw_only=True)
class PairedFolderOptions(CropOptions):
    """High- and low-resolution images in two folders, paired by name.

    Benchmark folders (``GTmod12`` and ``LRbicx4``, ``HR_x2`` and ``LR_x2``) and DIV2K
    (``lr_name = "{}x4"``) are such pairs.
    """

    hr: Path | tuple[Path, ...] = hr_folders()
    lr: Path | tuple[Path, ...] = option(
        help="folder of low-resolution images, or a list with one for each folder hr",
        path="folder",
        check=folders_complaint,
    )
    lr_name: str = option(
        "{}", "name of the partner without suffix; {} is the stem", check=_name_template
    )
    meta_info: Path | None = option(
        None, "list of high-resolution names, one per line; none: all images", path="file"
    )
    recursive: bool = recursive_search()

    def entries(self) -> tuple[str, ...]:
        """What a sample holds."""
        return ("lr", "hr")

    def problems(self, experiment: Experiment) -> Problems:
        """Missing partners, and all pairs whose sizes do not fit the scale."""
        yield from self.patch_problems(experiment.scale)
        yield from _checks().paired_folders(self, experiment.scale)


@attrs.frozen(kw_only=True)
class HrFolderOptions(CropOptions):
    """High-resolution images; low-resolution ones are made on the fly."""

    hr: Path | tuple[Path, ...] = hr_folders()
    downscale: Downscaling = option(
        "matlab", 'bicubic dialect that makes lr; "none": transforms make it'
    )
    blur_sigma: float = option(
        0.0, "Gaussian blur of hr before it is shrunk, standard deviation in pixels; 0: none", ge=0
    )
    blur_size: int = option(7, "taps of that blur in pixels", ge=1, le=255, check=odd)
    meta_info: Path | None = listed_names()
    recursive: bool = recursive_search()

    def __attrs_post_init__(self) -> None:
        """A blur needs something that shrinks afterwards."""
        if self.blur_sigma and self.downscale == "none":
            raise InvalidOptionError(
                "blur_sigma", 'expected downscale other than "none", which makes no lr'
            )

    def entries(self) -> tuple[str, ...]:
        """What a sample holds."""
        return ("hr",) if self.downscale == "none" else ("lr", "hr")

    def problems(self, experiment: Experiment) -> Problems:
        """No images, and images smaller than the crop."""
        yield from self.patch_problems(experiment.scale)
        yield from _checks().folder(self, "hr", self.hr_patch_size or experiment.scale)


def lr_folders() -> Any:
    """Where low-resolution images lie."""
    return option(
        help="folder of low-resolution images, or a list of folders",
        path="folder",
        check=folders_complaint,
    )


@attrs.frozen(kw_only=True)
class LrFolderOptions:
    """Low-resolution images without a truth, to look at or to measure without reference."""

    lr: Path | tuple[Path, ...] = lr_folders()
    meta_info: Path | None = listed_names()
    recursive: bool = recursive_search()
    channels: Literal[1, 3, 4] = read_channels()

    def entries(self) -> tuple[str, ...]:
        """What a sample holds."""
        return ("lr",)

    def problems(self, experiment: Experiment) -> Problems:
        """No images."""
        yield from _checks().folder(self, "lr", 1)


@attrs.frozen(kw_only=True)
class UnpairedFoldersOptions(CropOptions):
    """Two folders without relation: real low-resolution images and clean high-resolution ones.

    An epoch goes once through the low-resolution images; the high-resolution image is drawn at
    random for each of them, and both are cropped and flipped independently.
    """

    hr: Path | tuple[Path, ...] = hr_folders()
    lr: Path | tuple[Path, ...] = lr_folders()
    recursive: bool = recursive_search()

    def entries(self) -> tuple[str, ...]:
        """What a sample holds."""
        return ("lr", "hr")

    def problems(self, experiment: Experiment) -> Problems:
        """No images, and images smaller than the crop."""
        yield from self.patch_problems(experiment.scale)
        size = self.hr_patch_size or experiment.scale
        yield from _checks().folder(self, "hr", size)
        yield from _checks().folder(self, "lr", size // experiment.scale)


@attrs.frozen(kw_only=True)
class LmdbOptions(CropOptions):
    """Encoded images in LMDB folders, as ``srcore prepare lmdb`` and BasicSR write them.

    Needs the package lmdb: ``pip install 'srcore[lmdb]'``.
    """

    hr: Path = option(help="folder *.lmdb of high-resolution images", path="folder")
    lr: Path | None = option(
        None, "folder *.lmdb with the same keys; none: lr is made by downscale", path="folder"
    )
    downscale: Downscaling = option(
        "matlab", 'bicubic dialect that makes lr where there is no lr folder; "none": transforms do'
    )

    def entries(self) -> tuple[str, ...]:
        """What a sample holds."""
        return ("hr",) if self.lr is None and self.downscale == "none" else ("lr", "hr")

    def problems(self, experiment: Experiment) -> Problems:
        """Not such a folder, keys without partner, sizes that do not fit the scale."""
        if self.cache == "disk":
            yield "cache", 'keeps image files; use "memory" or "none" with LMDB, found "disk"'
        yield from self.patch_problems(experiment.scale)
        yield from _checks().lmdb_folders(self, experiment.scale)


@attrs.frozen(kw_only=True)
class SourcedOptions(CropOptions):
    """Images from wherever a source reads them, paired by name."""

    hr: Selected = component("source")
    lr: Selected | None = component("source", default=None)
    downscale: Downscaling = option(
        "matlab", 'bicubic dialect that makes lr where there is no lr source; "none": transforms do'
    )

    def entries(self) -> tuple[str, ...]:
        """What a sample holds."""
        return ("hr",) if self.lr is None and self.downscale == "none" else ("lr", "hr")

    def problems(self, experiment: Experiment) -> Problems:
        """Sources that cannot be opened, images without partner, sizes that do not fit."""
        yield from self.patch_problems(experiment.scale)
        # Sources decode; what only names the keys needs no decoder.
        from srcore.datasets.source_checks import source_problems
        from srcore.sources.checked import checked_source

        try:
            hr = checked_source(self.hr.build())
            lr = checked_source(self.lr.build()) if self.lr is not None else None
            smallest = self.hr_patch_size or experiment.scale
            yield from source_problems(hr, lr, smallest, experiment.scale)
        except SrcoreError as error:
            yield "", str(error)


@attrs.frozen(kw_only=True)
class ConcatOptions:
    """Several data sets as one; samples say which they are of by the extra ``dataset``."""

    datasets: tuple[Selected, ...] = component("dataset", default=())
    weights: tuple[float, ...] | None = option(
        None,
        "share of each data set in an epoch, up to a factor; none: every image once. An epoch has "
        "as many images as all data sets together",
        ge=0,
    )

    def __attrs_post_init__(self) -> None:
        """Check what concerns two keys."""
        if not self.datasets:
            raise InvalidOptionError("datasets", "expected at least one data set, found none")
        if self.weights is not None and (
            len(self.weights) != len(self.datasets) or not sum(self.weights) > 0
        ):
            message = f"expected one weight per data set ({len(self.datasets)}), one above 0"
            raise InvalidOptionError("weights", f"{message}; found {list(self.weights)}")

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Crops of different sizes do not fit into one batch."""
        sizes = {crop_size(selected.options) for selected in self.datasets}
        if len(sizes) > 1:
            shown = ", ".join("none" if size is None else str(size) for size in sizes)
            yield "datasets", f"expected the same hr_patch_size in all data sets, found {shown}"
