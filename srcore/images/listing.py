"""Which images a folder or a list names, and which of them belong together."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath, PurePosixPath

import attrs

from srcore.errors import DataError
from srcore.files.texts import filled_lines
from srcore.images.folder_files import FolderFiles
from srcore.images.walking import names_by_folder
from srcore.messages import some

# At most so many names are written out in one message.
_ZEROS = str.maketrans("123456789", "000000000")


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
    return list(images_below(folder, recursive=recursive))


def images_below(folder: Path, *, recursive: bool = False) -> FolderFiles:
    """As :func:`list_images`, without making all paths.

    Raises:
        DataError: as there.
    """
    if not folder.is_dir():
        why = "is a file" if folder.is_file() else "no such folder"
        raise DataError(f"{folder}: {why}; expected a folder of images")
    names = image_names(folder, recursive=recursive)
    if not names:
        below = "" if recursive else " (folders below it are not searched)"
        raise DataError(
            f"{folder}: no images{below}; expected files such as *.png, *.jpg, *.webp, *.tif"
        )
    return FolderFiles(folder, in_natural_order(names))


def image_names(folder: Path, *, recursive: bool = False) -> list[str]:
    """Image files by their paths below a folder, with ``/``, in no order.

    Raises:
        DataError: the folder cannot be read.
    """
    names: list[str] = []
    try:
        for below, inside in names_by_folder(folder, recursive=recursive):
            images = _of_images(inside)
            names += [f"{below}/{name}" for name in images] if below else images
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror or error}") from error
    return names


def is_image_name(path: PurePath) -> bool:
    """Whether a file is taken for an image, by its name: whether its suffix is one that is read."""
    return bool(_of_images([path.name]))


def _of_images(names: Iterable[str]) -> list[str]:
    """Those names, without folders, that files of images have, and no hidden ones."""
    from srcore.images.formats import read_suffixes  # brings the decoders

    suffixes = tuple(read_suffixes())
    usual = frozenset(suffix for suffix in suffixes if len(suffix) == 4)  # asked first: quicker
    return [
        name
        for name in names
        if (name[-4:] in usual or name.lower().endswith(suffixes)) and name[0] != "."
    ]


def in_natural_order(names: list[str]) -> list[str]:
    """Names sorted by :func:`natural_key`."""
    # Numbered alike, as in all large sets, they are in the order of their letters. No name holds
    # the character between them, and one long text is looked at in a fraction of the time.
    text = "\0".join(names)
    forms = set(text.translate(_ZEROS).split("\0")) if text.isascii() else ()
    return sorted(names) if len(forms) == 1 else sorted(names, key=natural_key)


def natural_key(name: str) -> list[tuple[int, str, str]]:
    """Sort key that compares runs of digits, of any script and length, as numbers."""
    parts = re.split(r"(\d+)", name)
    # Texts and numbers take turns, so that like is compared with like.
    return [_digits_key(part) if index % 2 else (0, "", part) for index, part in enumerate(parts)]


def _digits_key(digits: str) -> tuple[int, str, str]:
    # Python refuses to convert thousands of digits, and there is no need to.
    plain = digits
    if not digits.isascii():
        plain = "".join(str(unicodedata.decimal(digit)) for digit in digits)
    plain = plain.lstrip("0")
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
    lines = filled_lines(path, "the list of images")
    if any("\0" in line for line in lines):
        raise DataError(f"{path}: not a list of images: it holds bytes that no text has")
    if not lines:
        raise DataError(f"{path}: the list names no images")
    return [_listed(line) for line in lines]


def _listed(line: str) -> Listed:
    match = _LINE.fullmatch(line)
    if match is None:
        return Listed(line.rstrip())
    return Listed(match["name"], (int(match["height"]), int(match["width"])))


def read_meta_info(path: Path) -> list[str]:
    """Names of a list file, see :func:`read_list`."""
    return [line.name for line in read_list(path)]


def listed_images(folder: Path, meta_info: Path | None, *, recursive: bool = False) -> FolderFiles:
    """Images that a list names (in its order), or all of the folder without a list.

    Raises:
        DataError: as :func:`list_images` and :func:`read_list`, or listed files are missing.
    """
    if meta_info is None:
        return images_below(folder, recursive=recursive)
    names = [_listed_name(folder, name) for name in read_meta_info(meta_info)]
    missing = [name for name in names if not os.path.isfile(folder / name)]
    if missing:
        raise DataError(f"{folder}: {some(missing)} of {meta_info} not found")
    return FolderFiles(folder, names)


def _listed_name(folder: Path, name: str) -> str:
    """The name as it is, else that of a list that is indented or from Windows."""
    spellings = (name, name.strip(), name.strip().replace("\\", "/"))
    there = (text for text in spellings if os.path.isfile(folder / text))
    return Path(next(there, spellings[0])).as_posix()


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
    names = [path.relative_to(hr_folder).as_posix() for path in hr_paths]
    return list(
        zip(
            hr_paths,
            partners_below(lr_folder, FolderFiles(hr_folder, names), template),
            strict=True,
        )
    )


def partners_below(
    lr_folder: Path,
    hr: FolderFiles,
    template: str,
    *,
    names_in: Callable[[Path], Sequence[str]] = image_names,
) -> FolderFiles:
    """The low-resolution partner of every high-resolution image, see :func:`pair_by_name`.

    Args:
        lr_folder: as there.
        hr: high-resolution images.
        template: as there.
        names_in: gives names of the images in a folder.

    Raises:
        DataError: as there.
    """
    template = PurePosixPath(template).as_posix()
    is_plain = template == "{}" and lr_folder.is_dir() and _differ_in_stems(hr.names)
    if is_plain and _are_the_same(names_in(lr_folder), hr.names):
        # The usual case, in a third of the time.
        return FolderFiles(lr_folder, hr.names, is_whole=True)
    wanted = _partner_stems(hr.names, template)
    # Only where partners may be: what else lies below may be a whole disk.
    folders = {name.rpartition("/")[0] for name in wanted}
    candidates = [
        f"{below}/{name}" if below else name
        for below in folders
        if (lr_folder / below).is_dir()
        for name in names_in(lr_folder / below)
    ]
    if not candidates:
        list_images(lr_folder)  # says what is the matter with it
    partners = {name[: name.rfind(".")]: name for name in candidates}
    try:
        return FolderFiles(lr_folder, list(map(partners.__getitem__, wanted)))
    except KeyError:
        missing = [name for name in wanted if name not in partners]
        raise DataError(
            f"{lr_folder}: no partner for {len(missing)} of {len(hr)} images of {hr.folder}; "
            f'with the template "{template}" expected {some(missing)}'
        ) from None


def _are_the_same(names: Sequence[str], others: Sequence[str]) -> bool:
    """Whether names, which are different ones, are those of another list."""
    return len(names) == len(others) and set(others).issuperset(names)


def _differ_in_stems(names: Sequence[str]) -> bool:
    """Whether names lie in one folder, and all have the suffix of the first one."""
    suffix = names[0].rpartition(".")[2] if names else ""
    text = "\0".join(names) + "\0"  # looked at as one, in a fraction of the time
    return "/" not in text and text.count(f".{suffix}\0") == len(names)


def _partner_stems(names: Iterable[str], template: str) -> list[str]:
    """Names of the partners, without suffix."""
    split = (name.rpartition("/") for name in names)
    if template == "{}":
        return [folder + slash + _stem(name) for folder, slash, name in split]
    return [folder + slash + template.replace("{}", _stem(name)) for folder, slash, name in split]


def _stem(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return stem if stem and suffix else name


def names_of(paths: Iterable[str | Path]) -> list[str]:
    """What tells files apart: their stems, with their folders where they are in several.

    >>> names_of(["x/1.png", "x/2.png"])
    ['1', '2']
    >>> names_of(["x/1.png", "y/1.png", "y/2.png", "y/2.jpg"])
    ['x/1', 'y/1', 'y/2_png', 'y/2_jpg']
    """
    split = [os.path.split(path) for path in paths]
    places = {folder: os.path.abspath(folder) for folder in {folder for folder, _ in split}}
    distinct = set(places.values())
    common = os.path.commonpath(distinct) if len(distinct) > 1 else None
    before = {
        folder: ""
        if common in (None, place)
        else f"{Path(os.path.relpath(place, common)).as_posix()}/"
        for folder, place in places.items()
    }
    stems = [before[folder] + _stem(name) for folder, name in split]
    number = Counter(stems)
    return [
        f"{stem}_{name.rpartition('.')[2]}" if number[stem] > 1 else stem
        for stem, (_, name) in zip(stems, split, strict=True)
    ]
