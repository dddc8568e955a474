"""Preparing folders of images for training: sub-images and degraded copies.

Nothing is overwritten without being asked, nothing is left out without being told.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from srcore.data.cropping import multiple_of
from srcore.errors import line_about
from srcore.files.replacing import refuse_sharing
from srcore.images import (
    list_images,
    read_header,
    read_image,
    refuse_unwritable,
    write_image,
)
from srcore.options.declaration import defaults
from srcore.prepare.degrading import OfflineDegradation
from srcore.prepare.lmdb import prepare_lmdb
from srcore.prepare.options import CopyOptions, SubImageOptions
from srcore.prepare.refusing import refuse_collisions, refuse_writing_among
from srcore.prepare.subimages import base_name, grid, names_of_cuts, sub_images
from srcore.prepare.unfinished import are_made, unfinished
from srcore.prepare.working import Report, do_all

__all__ = ["Report", "prepare_degraded", "prepare_lmdb", "prepare_sub_images"]

_DEFAULT, _COPY = defaults(SubImageOptions), defaults(CopyOptions)


@attrs.frozen(kw_only=True)
class _SubImageJob:
    path: Path
    output: Path
    crop: int
    step: int
    threshold: int
    suffix: str
    options: Mapping[str, Any]
    goes_on: bool

    def __call__(self) -> Report:
        try:
            if self.goes_on and (made := self._made()):
                return Report(images=1, written=made)
            image = read_image(self.path)
            sides = self.crop, self.crop
            refuse_unwritable(self.suffix, (*sides, image.shape[2]), image.dtype, self.path)
        except Exception as error:  # whatever it is, the other images are done
            return Report(failed=[line_about(self.path, error)])
        height, width = image.shape[:2]
        if min(height, width) < self.crop:
            return Report(too_small=[f"{self.path}: {width}x{height}"])
        count = 0
        cuts = sub_images(image, self.path.stem, self.crop, self.step, self.threshold)
        for name, cut in cuts:
            path = self.output / f"{name}{self.suffix}"
            write_image(path, cut, options=self.options, durable=False)
            count += 1
        return Report(images=1, written=count)

    def _made(self) -> int:
        """How many sub-images there are, if an earlier job made all of this image."""
        header = read_header(self.path)
        corners = grid(header.height, header.width, self.crop, self.step, self.threshold)
        names = names_of_cuts(self.path.stem, len(corners))
        targets = [self.output / f"{name}{self.suffix}" for name in names]
        return len(targets) if are_made(self.path, targets) else 0


@attrs.frozen(kw_only=True)
class _DegradeJob:
    path: Path
    name: str
    lr: Path
    hr: Path | None
    degradation: OfflineDegradation
    options: Mapping[str, Any]
    goes_on: bool

    def __call__(self) -> Report:
        targets = [self.lr] if self.hr is None else [self.lr, self.hr]
        if self.goes_on and are_made(self.path, targets):
            return Report(images=1, written=len(targets))
        try:
            image = read_image(self.path)
            degraded = self.degradation.apply(image, self.name)
            for path, made in zip(targets, (degraded, image), strict=False):
                refuse_unwritable(path.suffix, made.shape, made.dtype, self.path)
        except Exception as error:  # whatever it is, the other images are done
            return Report(failed=[line_about(self.path, error)])
        write_image(self.lr, degraded, options=self.options, durable=False)
        if self.hr is None:
            return Report(images=1, written=1)
        cut = multiple_of(image, self.degradation.scale)
        write_image(self.hr, cut, options=self.options, durable=False)
        return Report(images=1, written=2)


def prepare_sub_images(
    source: Path,
    output: Path,
    *,
    crop: int = _DEFAULT.crop,
    step: int = _DEFAULT.step,
    threshold: int = _DEFAULT.threshold,
    recursive: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    suffix: str = ".png",
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Cut the images of a folder into sub-images (:func:`srcore.prepare.subimages.sub_images`).

    A job that was stopped goes on when it is called again with the same arguments.

    High- and low-resolution sub-images belong together only if every high-resolution image is
    exactly ``scale`` times its low-resolution one.

    Args:
        source: folder of images.
        output: folder that the sub-images go to; folders below ``source`` are kept.
        crop: side of the sub-images; the default, divided by the scale, for low resolution.
        step: distance between neighbors, likewise.
        threshold: largest rest at the far edge that is left out, pixels.
        recursive: also take images of folders below.
        workers: processes.
        overwrite: replace files of the same names.
        suffix: names the format of the files; an image that it cannot hold is reported.
        options: how they are written, see :func:`srcore.images.write_image`.

    Raises:
        ReplacedInputError: an output folder that images are read from.
        DataError: no images, an output folder with images in it, two images whose sub-images would
            have the same names, or a file that cannot be written.
    """
    paths = list_images(source, recursive=recursive)
    targets = [output / path.relative_to(source).parent / base_name(path.stem) for path in paths]
    refuse_collisions(paths, targets)
    refuse_writing_among(source, paths, targets, recursive=recursive)
    cuts = {"crop": crop, "step": step, "threshold": threshold}
    job = {"sub-images of": source.absolute(), **cuts, "suffix": suffix, "written": options or {}}
    with unfinished([output], job, overwrite=overwrite) as goes_on:
        jobs = [
            _SubImageJob(
                path=path,
                output=target.parent,
                **cuts,
                suffix=suffix,
                options=options or {},
                goes_on=goes_on,
            )
            for path, target in zip(paths, targets, strict=True)
        ]
        return do_all(jobs, workers, "sub-images")


def prepare_degraded(
    source: Path,
    output: Path,
    degradation: OfflineDegradation,
    *,
    name: str = _COPY.name,
    hr_output: Path | None = None,
    recursive: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    suffix: str = ".png",
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Write a degraded copy of every image of a folder.

    A job that was stopped goes on when it is called again with the same arguments.

    Args:
        source: folder of high-resolution images.
        output: folder that the low-resolution images go to.
        degradation: what is done to them.
        name: stem of the written files, ``{}`` being the stem of the image: ``{}x4``.
        hr_output: folder for the images themselves, cut to a multiple of the scale; None: none.
        recursive: also take images of folders below.
        workers: processes.
        overwrite: replace files of the same names.
        suffix: names the format of the files; an image that it cannot hold is reported.
        options: how they are written, see :func:`srcore.images.write_image`.

    Raises:
        ReplacedInputError: an output folder that images are read from.
        DataError: no images, an output folder with images in it, or a file that cannot be written.
    """
    paths = list_images(source, recursive=recursive)
    stems = [path.relative_to(source).with_suffix("") for path in paths]
    targets = [output / stem.parent / f"{name.replace('{}', stem.name)}{suffix}" for stem in stems]
    refuse_collisions(paths, targets)
    hr_targets: list[Path | None] = [None] * len(stems)
    if hr_output is not None:
        hr_targets = [hr_output / stem.parent / f"{stem.name}{suffix}" for stem in stems]
    named = [
        *((path, "an LR image") for path in targets),
        *((path, "an HR image") for path in hr_targets if path is not None),
    ]
    refuse_sharing(named)
    refuse_writing_among(source, paths, [path for path, _ in named], recursive=recursive)
    job = {
        "degraded copies of": source.absolute(),
        "degradation": degradation,
        "name": name,
        "hr_output": hr_output and hr_output.absolute(),
        "suffix": suffix,
        "written": options or {},
    }
    folders = [output] if hr_output is None else [output, hr_output]
    with unfinished(folders, job, overwrite=overwrite) as goes_on:
        jobs = [
            _DegradeJob(
                path=path,
                name=stem.as_posix(),
                lr=lr,
                hr=hr,
                degradation=degradation,
                options=options or {},
                goes_on=goes_on,
            )
            for path, stem, lr, hr in zip(paths, stems, targets, hr_targets, strict=True)
        ]
        return do_all(jobs, workers, "degraded copies")
