"""Options of sources, and of the data set that takes any of them; torch is not imported here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import attrs

from srcore.data.options import CropOptions
from srcore.data.source_checks import source_problems
from srcore.errors import SrcoreError
from srcore.options import option
from srcore.selection import Selected, component

Problems = Iterator[tuple[str, str]]


@attrs.frozen(kw_only=True)
class FolderSourceOptions:
    """Image files of a folder."""

    path: Path = option(help="the folder", path="folder")
    meta_info: Path | None = option(
        None, "list of names, one per line; none: all images", path="file"
    )
    recursive: bool = option(False, "also take images of folders below")


@attrs.frozen(kw_only=True)
class LmdbSourceOptions:
    """Encoded images of an LMDB folder, as ``srcore prepare lmdb`` writes it (package lmdb)."""

    path: Path = option(help="folder *.lmdb", path="folder")


@attrs.frozen(kw_only=True)
class SourcedOptions(CropOptions):
    """Images from wherever a source reads them, paired by name."""

    hr: Selected = component("source")
    lr: Selected | None = component("source", default=None)
    downscale: Literal["matlab", "matlab_uint8", "opencv", "none"] = option(
        "matlab", 'bicubic dialect that makes lr where there is no lr source; "none": transforms do'
    )

    def entries(self) -> tuple[str, ...]:
        """What a sample holds."""
        return ("hr",) if self.lr is None and self.downscale == "none" else ("lr", "hr")

    def problems(self, experiment: Any) -> Problems:
        """Sources that cannot be opened, images without partner, sizes that do not fit."""
        yield from self.patch_problems(experiment.scale)
        try:
            hr = self.hr.build()
            lr = self.lr.build() if self.lr is not None else None
            smallest = self.hr_patch_size or experiment.scale
            yield from source_problems(hr, lr, smallest, experiment.scale)
        except SrcoreError as error:
            yield "", str(error)
