"""Preparing folders of images for training: sub-images, degraded copies, LMDB.

Nothing is overwritten without being asked, nothing is left out without being told.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import attrs
import cv2
from tqdm import tqdm

from srcore.capabilities import RGBA
from srcore.data.cropping import multiple_of
from srcore.errors import DataError, line_about
from srcore.files.atomic import leftovers, temporary_neighbour
from srcore.files.deleting import delete_known, refuse_foreign
from srcore.files.replacing import refuse_sharing, refuse_writing_among
from srcore.images import (
    encode_image,
    image_size,
    list_images,
    read_image,
    refuse_unwritable,
    some,
    to_rgb,
    to_rgba,
    write_image,
)
from srcore.machine.processes import end_with_parent
from srcore.prepare.degrading import Degradation
from srcore.prepare.subimages import base_name, sub_images
from srcore.sources.lmdb import encoded_key, import_lmdb

_GRAY_ALPHA = 2  # channels

#: What an LMDB folder holds.
_LMDB_FILES = ("data.mdb", "lock.mdb", "meta_info.txt")


@attrs.define
class Report:
    """What a preparation did.

    Attributes:
        images: input images that were used.
        written: images that were written.
        too_small: input images that were left out because they are smaller than the crop.
        failed: input images that could not be used, with the reason.
    """

    images: int = 0
    written: int = 0
    too_small: list[str] = attrs.field(factory=list)
    failed: list[str] = attrs.field(factory=list)

    def add(self, other: Report) -> None:
        """Count another report's images too."""
        self.images += other.images
        self.written += other.written
        self.too_small += other.too_small
        self.failed += other.failed


class Job(Protocol):
    """Work on one image, done in a process of its own."""

    def __call__(self) -> Report:
        """Do the work. Raises DataError if a file cannot be written."""
        ...


@attrs.frozen(kw_only=True)
class _SubImageJob:
    path: Path
    output: Path
    crop: int
    step: int
    threshold: int
    suffix: str
    options: Mapping[str, Any]

    def __call__(self) -> Report:
        try:
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


@attrs.frozen(kw_only=True)
class _DegradeJob:
    path: Path
    name: str
    lr: Path
    hr: Path | None
    degradation: Degradation
    options: Mapping[str, Any]

    def __call__(self) -> Report:
        try:
            image = read_image(self.path)
            degraded = self.degradation.apply(image, self.name)
            for path, made in ((self.lr, degraded), (self.hr, image)):
                if path is not None:
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
    crop: int = 480,
    step: int = 240,
    threshold: int = 0,
    recursive: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    suffix: str = ".png",
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Cut the images of a folder into sub-images (:func:`srcore.prepare.subimages.sub_images`).

    High- and low-resolution sub-images belong together only if every high-resolution image is
    exactly ``scale`` times its low-resolution one.

    Args:
        source: folder of images.
        output: folder that the sub-images go to; folders below ``source`` are kept.
        crop: side of the sub-images: 480 for high resolution, 480 / scale for low.
        step: distance between neighbours: 240, or 240 / scale.
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
    _refuse_collisions(paths, targets)
    refuse_writing_among(source, paths, targets, recursive=recursive)
    _refuse_existing(output, overwrite=overwrite)
    jobs = [
        _SubImageJob(
            path=path,
            output=target.parent,
            crop=crop,
            step=step,
            threshold=threshold,
            suffix=suffix,
            options=options or {},
        )
        for path, target in zip(paths, targets, strict=True)
    ]
    return _run(jobs, workers, "sub-images")


def prepare_degraded(
    source: Path,
    output: Path,
    degradation: Degradation,
    *,
    name: str = "{}",
    hr_output: Path | None = None,
    recursive: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    suffix: str = ".png",
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Write a degraded copy of every image of a folder.

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
    _refuse_collisions(paths, targets)
    hr_targets: list[Path | None] = [None] * len(stems)
    if hr_output is not None:
        hr_targets = [hr_output / stem.parent / f"{stem.name}{suffix}" for stem in stems]
    named = [
        *((path, "an LR image") for path in targets),
        *((path, "an HR image") for path in hr_targets if path is not None),
    ]
    refuse_sharing(named)
    refuse_writing_among(source, paths, [path for path, _ in named], recursive=recursive)
    for folder in filter(None, (output, hr_output)):
        _refuse_existing(folder, overwrite=overwrite)
    jobs = [
        _DegradeJob(
            path=path,
            name=stem.as_posix(),
            lr=lr,
            hr=hr,
            degradation=degradation,
            options=options or {},
        )
        for path, stem, lr, hr in zip(paths, stems, targets, hr_targets, strict=True)
    ]
    return _run(jobs, workers, "degraded copies")


def prepare_lmdb(
    source: Path,
    output: Path,
    *,
    recursive: bool = False,
    overwrite: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Store the images of a folder in an LMDB folder, as the dataset ``lmdb`` reads it.

    Keys are names without suffix, values PNG files in RGB, with alpha where the image has it;
    ``meta_info.txt`` lists names and sizes. An image that cannot be read is reported and left out.

    Args:
        source: folder of images.
        output: the folder to make; its name ends in ``.lmdb``.
        recursive: also take images of folders below; keys then hold the folders.
        overwrite: replace an LMDB folder of this name.
        options: how the PNG files are written, see :func:`srcore.images.write_image`.

    Raises:
        DataError: no images, an output that exists or has another suffix, a full disk.
        MissingExtraError: lmdb is not installed.
    """
    lmdb = import_lmdb()
    if output.suffix != ".lmdb":
        raise DataError(f"{output}: the name of an LMDB folder ends in .lmdb")
    paths = list_images(source, recursive=recursive)
    keys = [path.relative_to(source).with_suffix("") for path in paths]
    _refuse_collisions(paths, keys)
    refuse_writing_among(source, paths, [output / "data.mdb"], recursive=recursive)
    is_lmdb = (output / "data.mdb").is_file()
    if output.exists() and not (overwrite and is_lmdb):
        hint = "use another name or --overwrite" if is_lmdb else "it is no LMDB folder, so it stays"
        raise DataError(f"{output}: exists already; {hint}")
    if output.exists():
        refuse_foreign(output, _LMDB_FILES, "srcore prepare lmdb")
    temporary = None
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        # Filled beside its place and renamed, so that half a database is never found there.
        for folder in leftovers(output.parent):
            shutil.rmtree(folder, ignore_errors=True)
        temporary = temporary_neighbour(output)
        temporary.mkdir()
        report = _fill_lmdb(lmdb, temporary, paths, [key.as_posix() for key in keys], options)
        if output.exists():
            delete_known(output, _LMDB_FILES, writer="srcore prepare lmdb", last="data.mdb")
        temporary.rename(output)
    except OSError as error:
        raise DataError(f"{output}: cannot be written: {error.strerror or error}") from error
    except lmdb.Error as error:
        raise DataError(f"{output}: cannot be written: {error}") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return report


def _fill_lmdb(
    lmdb: Any,
    folder: Path,
    paths: Sequence[Path],
    keys: Sequence[str],
    options: Mapping[str, Any] | None,
) -> Report:
    report = Report()
    lines = []
    with lmdb.open(str(folder), map_size=_map_size(paths)) as environment:
        for path, key in tqdm(list(zip(paths, keys, strict=True)), desc="LMDB", unit="image"):
            unfit = _unfit_key(key, environment.max_key_size())
            stored = f"{path}: {unfit}" if unfit else _png_of(path, options)
            if isinstance(stored, str):
                report.failed.append(stored)
                continue
            content, shape = stored
            with environment.begin(write=True) as transaction:
                transaction.put(encoded_key(key), content)
            lines.append(f"{key}.png ({shape[0]},{shape[1]},{shape[2]}) 1\n")
            report.add(Report(images=1, written=1))
    (folder / "meta_info.txt").write_bytes("".join(lines).encode("utf-8", "surrogateescape"))
    return report


def _unfit_key(key: str, longest: int) -> str:
    """Why a name cannot be stored, empty if it can."""
    if "\n" in key:
        return "a name with a line break has no place in meta_info.txt; rename the file"
    length = len(encoded_key(key))
    return f"a key of {length} bytes; LMDB holds at most {longest}" if length > longest else ""


def _png_of(path: Path, options: Mapping[str, Any] | None) -> tuple[bytes, tuple[int, ...]] | str:
    try:
        image = read_image(path)
    except Exception as error:  # whatever it is, the other images are stored
        return line_about(path, error)
    # As programs that read such folders expect it; whoever asks for colours leaves alpha out.
    image = to_rgba(image) if image.shape[2] in (_GRAY_ALPHA, RGBA) else to_rgb(image)
    return encode_image(image, ".png", path, options=options), image.shape


def _map_size(paths: Sequence[Path]) -> int:
    """Address space that is enough even for images that do not compress, bytes."""
    total = 64 << 20
    for path in paths:
        try:
            height, width = image_size(path)
        except Exception:  # reported when its pixels are read
            continue
        total += height * width * RGBA * 2 * 5 // 4 + (64 << 10)
    return total


def _refuse_existing(output: Path, *, overwrite: bool) -> None:
    if output.exists() and not output.is_dir():
        raise DataError(f"{output}: is a file; expected a folder to write to")
    if output.is_dir() and not overwrite and any(output.iterdir()):
        raise DataError(f"{output}: not empty; use another folder or --overwrite")


def _refuse_collisions(paths: Sequence[Path], targets: Sequence[Path]) -> None:
    first: dict[Path, Path] = {}
    clashes = []
    for path, target in zip(paths, targets, strict=True):
        other = first.setdefault(target, path)
        if other != path:
            clashes.append(f"{other.name} and {path.name}")
    if clashes:
        raise DataError(f"{paths[0].parent}: images that would get the same name: {some(clashes)}")


def _run(jobs: Sequence[Job], workers: int, label: str) -> Report:
    report = Report()
    for outcome in tqdm(_outcomes(jobs, workers), total=len(jobs), desc=label, unit="image"):
        report.add(outcome)
    return report


def _outcomes(jobs: Sequence[Job], workers: int) -> Iterator[Report]:
    workers = min(workers, len(jobs))
    if workers <= 1:
        yield from (job() for job in jobs)
        return
    # Spawned, because forking a process in which OpenCV or torch have threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:
        yield from pool.map(_call, jobs)


def _call(job: Job) -> Report:
    return job()


def _begin() -> None:
    end_with_parent()
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
