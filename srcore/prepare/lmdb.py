"""Storing a folder of images in an LMDB folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from srcore.capabilities import RGBA
from srcore.errors import DataError, line_about
from srcore.files.atomic import leftovers, temporary_neighbor
from srcore.files.deleting import delete_known, refuse_foreign
from srcore.files.occupied import OccupiedError, refuse_existing
from srcore.images import (
    encode_image,
    image_size,
    list_images,
    read_image,
    to_rgb,
    to_rgba,
)
from srcore.prepare.refusing import refuse_collisions, refuse_writing_among
from srcore.prepare.working import Report
from srcore.sources.lmdb import encoded_key, import_lmdb

_GRAY_ALPHA = 2  # channels

#: What an LMDB folder holds.
_LMDB_FILES = ("data.mdb", "lock.mdb", "meta_info.txt")


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
        OccupiedError: the output exists.
        DataError: no images, an output that has another suffix, a full disk.
        MissingExtraError: lmdb is not installed.
    """
    lmdb = import_lmdb()
    if output.suffix != ".lmdb":
        raise DataError(f"{output}: the name of an LMDB folder ends in .lmdb")
    paths = list_images(source, recursive=recursive)
    keys = [path.relative_to(source).with_suffix("") for path in paths]
    refuse_collisions(paths, keys)
    refuse_writing_among(source, paths, [output / "data.mdb"], recursive=recursive)
    is_lmdb = (output / "data.mdb").is_file()
    if output.exists() and not is_lmdb:
        raise OccupiedError(f"{output}: exists and is no LMDB folder; choose another name")
    refuse_existing([output], overwrite=overwrite)
    if output.exists():
        refuse_foreign(output, _LMDB_FILES, "srcore prepare lmdb")
    temporary = None
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        # Filled beside its place and renamed, so that half a database is never found there.
        for folder in leftovers(output.parent):
            shutil.rmtree(folder, ignore_errors=True)
        temporary = temporary_neighbor(output)
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
    # As programs that read such folders expect it; whoever asks for colors leaves alpha out.
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
