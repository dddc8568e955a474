"""Which images a folder or a list names, and which of them belong together."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from srcore.errors import DataError
from srcore.files.texts import decode_text
from srcore.images.walking import files_of

# At most so many names are written out in one message.
_SHOWN = 8


def list_images(folder: Path, *, recursive: bool = False) -> list[Path]:
    """Image files of a folder in natural order (``2.png`` before ``10.png``).

    Files with other suffixes and hidden files (``.DS_Store``, ``._a.png``) are left out. Links to
    folders are followed, but not in circles.

    Args:
        folder: where to look.
        recursive: also look in folders below.

    Raises:
        DataError: the folder does not exist, cannot be read, or holds no image.
    """
    if not folder.is_dir():
        why = "is a file" if folder.is_file() else "no such folder"
        raise DataError(f"{folder}: {why}; expected a folder of images")
    images = _images_in(folder, recursive=recursive)
    if not images:
        below = "" if recursive else " (folders below it are not searched)"
        raise DataError(
            f"{folder}: no images{below}; expected files such as *.png, *.jpg, *.webp, *.tif"
        )
    return sorted(images, key=lambda path: natural_key(path.relative_to(folder).as_posix()))


def _images_in(folder: Path, *, recursive: bool = False) -> list[Path]:
    try:
        return [file for file in files_of(folder, recursive=recursive) if is_image_name(file)]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror or error}") from error


def is_image_name(path: Path) -> bool:
    """Whether a file is taken for an image, by its name: whether its suffix is one that is read."""
    from srcore.images.formats import read_suffixes  # brings the decoders

    return path.suffix.lower() in read_suffixes() and not path.name.startswith(".")


def natural_key(name: str) -> list[tuple[int, str, str]]:
    """Sort key that compares runs of digits, of any script and length, as numbers."""
    parts = re.split(r"(\d+)", name)
    # Texts and numbers take turns, so that like is compared with like.
    return [_digits_key(part) if index % 2 else (0, "", part) for index, part in enumerate(parts)]


def _digits_key(digits: str) -> tuple[int, str, str]:
    # Python refuses to convert thousands of digits, and there is no need to.
    plain = "".join(str(unicodedata.decimal(digit)) for digit in digits).lstrip("0")
    return len(plain), plain, digits


@attrs.frozen
class Listed:
    """A line of a list file.

    Attributes:
        name: of the image, as the list has it.
        size: height and width, where the line says them.
    """

    name: str
    size: tuple[int, int] | None = None


# ``name (h,w,c) compression``; what follows the name is anchored at the end, since names may hold
# spaces and parentheses themselves.
_LINE = re.compile(
    r"(?P<name>.*?)\s+\((?P<height>\d+),\s*(?P<width>\d+)(,\s*\d+)?\)(\s+-?\d+)?\s*", re.DOTALL
)


def read_list(path: Path) -> list[Listed]:
    """Lines of a list file: ``name (h,w,c)`` or a bare name.

    Names that are no UTF-8 keep their bytes, as Python's functions of file names do it.

    Raises:
        DataError: the file cannot be read or names nothing.
    """
    try:
        text = decode_text(path.read_bytes(), "surrogateescape")
    except OSError as error:
        raise DataError(
            f"{path}: the list of images cannot be read: {error.strerror or error}"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: the list of images cannot be read: {error}") from error
    if "\0" in text:
        raise DataError(f"{path}: not a list of images: it holds bytes that no text has")
    # Not splitlines(), which also splits at characters that names may hold.
    lines = [_listed(line) for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not lines:
        raise DataError(f"{path}: the list names no images")
    return lines


def _listed(line: str) -> Listed:
    match = _LINE.fullmatch(line)
    if match is None:
        return Listed(line.rstrip())
    return Listed(match["name"], (int(match["height"]), int(match["width"])))


def read_meta_info(path: Path) -> list[str]:
    """Names of a list file, see :func:`read_list`."""
    return [line.name for line in read_list(path)]


def listed_images(folder: Path, meta_info: Path | None, *, recursive: bool = False) -> list[Path]:
    """Images that a list names (in its order), or all of the folder without a list.

    Raises:
        DataError: as :func:`list_images` and :func:`read_list`, or listed files are missing.
    """
    if meta_info is None:
        return list_images(folder, recursive=recursive)
    paths = [_listed_file(folder, name) for name in read_meta_info(meta_info)]
    missing = [path.relative_to(folder).as_posix() for path in paths if not os.path.isfile(path)]
    if missing:
        raise DataError(f"{folder}: {some(missing)} of {meta_info} not found")
    return paths


def _listed_file(folder: Path, name: str) -> Path:
    """The file of that very name, else the one of a list that is indented or from Windows."""
    spellings = (name, name.strip(), name.strip().replace("\\", "/"))
    files = [folder / text for text in spellings]
    return next((file for file in files if os.path.isfile(file)), files[0])


def pair_by_name(
    hr_paths: Sequence[Path], hr_folder: Path, lr_folder: Path, template: str
) -> list[tuple[Path, Path]]:
    """Find the low-resolution partner of every high-resolution image.

    Args:
        hr_paths: high-resolution images, in or below ``hr_folder``.
        hr_folder: their folder.
        lr_folder: where partners are, in the same folders below.
        template: name of the partner, ``{}`` being the stem: ``{}x4`` for ``0001x4.png``. The
            partner's suffix may differ.

    Raises:
        DataError: images without partner on either side, listed by name.
    """
    wanted = []
    for path in hr_paths:
        inside = path.relative_to(hr_folder)
        wanted.append(inside.parent / template.replace("{}", inside.stem))
    # Only where partners may be: what else lies below may be a whole disk.
    folders = {lr_folder / partner.parent for partner in wanted}
    candidates = [path for folder in folders if folder.is_dir() for path in _images_in(folder)]
    if not candidates:
        list_images(lr_folder)  # says what is the matter with it
    partners = {path.relative_to(lr_folder).with_suffix(""): path for path in candidates}
    pairs = [
        (hr, partners[name]) for hr, name in zip(hr_paths, wanted, strict=True) if name in partners
    ]
    missing = [name.as_posix() for name in wanted if name not in partners]
    if missing:
        raise DataError(
            f"{lr_folder}: no partner for {len(missing)} of {len(hr_paths)} images of {hr_folder}; "
            f'with the template "{template}" expected {some(missing)}'
        )
    return pairs


def names_of(paths: Sequence[Path]) -> list[str]:
    """What tells files apart: their stems, with their folders where they are in several.

    >>> names_of([Path("x/1.png"), Path("x/2.png")])
    ['1', '2']
    >>> names_of([Path("x/1.png"), Path("y/1.png"), Path("y/2.png"), Path("y/2.jpg")])
    ['x/1', 'y/1', 'y/2_png', 'y/2_jpg']
    """
    parents = {os.path.abspath(path.parent) for path in paths}
    common = os.path.commonpath(parents) if len(parents) > 1 else None
    stems = [path.stem if common is None else _stem_below(path, common) for path in paths]
    number = Counter(stems)
    return [
        f"{stem}_{path.suffix[1:]}" if number[stem] > 1 else stem
        for stem, path in zip(stems, paths, strict=True)
    ]


def _stem_below(path: Path, folder: str) -> str:
    return Path(os.path.relpath(path, folder)).with_suffix("").as_posix()


def some(names: Iterable[str]) -> str:
    """Names for a message: ``a, b, c and 12 more``."""
    names = list(names)
    text = ", ".join(names[:_SHOWN])
    return text if len(names) <= _SHOWN else f"{text} and {len(names) - _SHOWN} more"
