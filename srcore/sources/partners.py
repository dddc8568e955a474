"""Images of two sources that belong together, by their names."""

from __future__ import annotations

from srcore.errors import DataError
from srcore.messages import some
from srcore.sources.folder import FolderSource
from srcore.sources.source import ImageSource, Selection
from srcore.sources.tar import TarSource


def partners(hr: ImageSource, lr: ImageSource) -> ImageSource:
    """The images of ``lr`` in the order of ``hr``, found by name.

    Raises:
        DataError: images without partner.
    """
    if isinstance(hr, TarSource) and isinstance(lr, TarSource) and hr.is_named_as(lr):
        return lr  # without making the names of what may be millions
    pairs = _paired_parts(hr, lr)
    order, missing, start = [], [], 0
    for hr_part, lr_part in pairs:
        numbers = {lr_part.name(index): start + index for index in range(len(lr_part))}
        names = [hr_part.name(index) for index in range(len(hr_part))]
        missing += [name for name in names if name not in numbers]
        order += [numbers[name] for name in names if name in numbers]
        start += len(lr_part)
    if missing:
        raise DataError(f"lr has no partner for {len(missing)} images: {some(missing)}")
    return lr if order == list(range(len(lr))) else Selection(lr, order)


def _paired_parts(hr: ImageSource, lr: ImageSource) -> list[tuple[ImageSource, ImageSource]]:
    """What is paired: folder with folder where both are folders, else all with all."""
    if not (isinstance(hr, FolderSource) and isinstance(lr, FolderSource)):
        return [(hr, lr)]
    if len(hr.parts) != len(lr.parts):
        counts = f"{len(hr.parts)} folders of hr, {len(lr.parts)} of lr"
        raise DataError(
            f"expected as many folders of lr as of hr, in the same order; found {counts}"
        )
    return list(zip(hr.parts, lr.parts, strict=True))
