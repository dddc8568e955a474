"""Sizes of the images that a dataset makes of its files, from their headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.capabilities import option_capability
from srcore.errors import DataError
from srcore.images import JoinedFiles, folders_of

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

#: Height and width.
Size = tuple[int, int]
#: The end of a complaint where what parts want excludes one another.
NONE_SUITS = "no size suits all parts"
#: How far from a side a fitting one is looked for.
_FAR = 4096


@attrs.define
class PatchWishes:
    """Which sides of training patches the parts of an experiment can work with.

    Attributes:
        fits: whether a part can, one for each.
        proposed: whether a side was proposed to the user.
    """

    fits: list[Callable[[int], bool]] = attrs.field(factory=list)
    proposed: bool = False


_WISHES: ContextVar[PatchWishes | None] = ContextVar("patch_wishes", default=None)


@contextmanager
def common_patches() -> Iterator[PatchWishes]:
    """Sides that are proposed within suit all parts that were asked so far, not only the one."""
    wishes = PatchWishes()
    token = _WISHES.set(wishes)
    try:
        yield wishes
    finally:
        _WISHES.reset(token)


def remember_wish(fits: Callable[[int], bool]) -> None:
    """A part can work with some sides only: those that are proposed to others are among them."""
    if (wishes := _WISHES.get()) is not None:
        wishes.fits.append(fits)


def suits_all(side: int) -> bool:
    """Whether the parts that were asked so far can work with a side of that many pixels."""
    wishes = _WISHES.get()
    return wishes is None or all(fits(side) for fits in wishes.fits)


def proposed_side(
    sides: Iterable[int], scale: int, fits: Callable[[int], bool]
) -> tuple[int | None, bool]:
    """The first side that a part can work with, and whether the other parts stand against it.

    Args:
        sides: in the order in which they are preferred.
        scale: of the experiment.
        fits: whether the part can work with a side.

    Returns:
        A side that suits all parts, else None; and whether there are sides for this part alone.
    """
    if (wishes := _WISHES.get()) is not None:
        wishes.proposed = True
    own = [side for side in sides if side > 0 == side % scale and fits(side)]
    return next(filter(suits_all, own), None), bool(own)


def sides_near(size: int) -> Iterator[int]:
    """Sides in the order of their distance, the larger of two first; not all are positive."""
    return (side for off in range(_FAR) for side in (size + off, size - off))


def upscaled_sizes(options: Any, scale: int) -> dict[str, Size]:
    """Size of the super-resolved image by the name of its file.

    Files and folders with faults are left out: others say so. Datasets of plugins, whose files
    are not known here, have none.
    """
    hr, lr = (option_capability(options, key) for key in ("hr", "lr"))
    named, factor = (hr, 1) if isinstance(hr, (Path, tuple)) else (lr, scale)
    folders = folders_of(named) if isinstance(named, (Path, tuple)) else ()
    if not folders or not all(folder.is_dir() for folder in folders):
        return {}
    try:
        sizes = _sizes_in(folders, options)
    except DataError:
        return {}
    return {
        name: (height * factor // scale * scale, width * factor // scale * scale)
        for name, (height, width) in sizes.items()
    }


def output_divisor(experiment: Experiment) -> int:
    """How many times smaller than the high-resolution images the generator's output is.

    1, but for a generator that shrinks images: ``scale``.
    """
    generator = experiment.generator
    if generator is None or "shrinks" not in generator.selected.component.provides:
        return 1
    return experiment.scale


def scale_complaint(size: int, scale: int) -> str:
    """Why a crop cannot be cut between low-resolution pixels; empty if it can.

    Args:
        size: side of the crop in high-resolution pixels.
        scale: of the experiment.
    """
    if size % scale == 0:
        return ""
    # Smaller crops fit into every image; what other parts ask for goes before.
    below = (max(scale, size - size % scale),) if suits_all(size) else ()
    near, _ = proposed_side((*below, *sides_near(size)), scale, lambda side: True)
    advice = f"; use {near}" if near else f"; {NONE_SUITS}"
    return f"expected a multiple of scale = {scale}, found {size}{advice}"


def patch_complaint(
    experiment: Experiment, fits: Callable[[int], bool], wanted: str, *, of_output: bool = False
) -> str:
    """Why a part cannot work on the high-resolution training images; empty if it can.

    Whole images are trained on where ``data.train`` cuts no patches: their headers are read.

    Args:
        experiment: whose training images.
        fits: whether the part can work with a side of that many pixels.
        wanted: which sides are, as in ``expected data.train.hr_patch_size to be ...``.
        of_output: the part works on what the generator makes, as discriminators and losses do:
            that is smaller where the generator shrinks images.
    """
    size, scale = experiment.hr_patch_size, experiment.scale
    divisor = output_divisor(experiment) if of_output else 1
    share = f" / {divisor}" if divisor > 1 else ""
    reason = " (the network before it shrinks images)" if share else ""

    def fit(side: int) -> bool:
        return side % divisor == 0 and fits(side // divisor)

    remember_wish(fit)
    if size is not None:
        if fit(size):
            return ""
        near, alone = proposed_side(sides_near(size), scale, fit)
        hint = f"; the nearest is {near}{share}" if near else f"; {NONE_SUITS}" if alone else ""
        return (
            f"expected data.train.hr_patch_size{share} to be {wanted}{reason}, "
            f"found {size}{share}{hint}"
        )
    train = experiment.data.train
    whole = {} if train is None else upscaled_sizes(train.selected.options, scale)
    for file, (height, width) in whole.items():
        if fit(height) and fit(width):
            continue
        near, _ = proposed_side(range(min(height, width), 0, -1), scale, fit)
        hint = f" = {near}" if near else ""
        return (
            f"expected every side of the training images{share} to be {wanted}{reason}, "
            f"found {width}x{height} ({file}); set data.train.hr_patch_size{hint}"
        )
    return ""


def _sizes_in(folders: tuple[Path, ...], options: Any) -> dict[str, Size]:
    if (folders[0] / "data.mdb").is_file():
        from srcore.data.lmdb_list import lmdb_sizes

        return lmdb_sizes(folders[0])
    from srcore.scanning.lists import image_lists, scan_of  # they import NumPy

    recursive = bool(option_capability(options, "recursive"))
    files = image_lists(folders, option_capability(options, "meta_info"), recursive=recursive)
    return scan_of(files).sizes_by(JoinedFiles(files).texts())
