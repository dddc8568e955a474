"""Dataset ``taught_images``: pairs of images with what a teacher has made of them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.capabilities import option_capability
from srcore.datasets import CropOptions, DownscaledImages, PairedImages
from srcore.errors import DataError
from srcore.images import list_images
from srcore.messages import some
from srcore.sources import FileSource
from srplug_distill.plugin import TEACHER_ENTRY

if TYPE_CHECKING:
    import numpy as np

    from srcore.contracts import Sample
    from srcore.options import Selected

Pairs = DownscaledImages | PairedImages


class TaughtImages:
    """Pairs of images with the teacher's entry ``teacher``, of the same places and as ``hr``.

        [data.train]
        type = "taught_images"
        teacher = "DIV2K_train_teacher"
        [data.train.images]
        type = "paired_folder"
        hr = "DIV2K_train_HR"
        lr = "DIV2K_train_LR_bicubic/X4"
        lr_name = "{}x4"
        hr_patch_size = 128

    The arguments are the keys of :class:`srplug_distill.options.TaughtImagesOptions`.

    Raises:
        DataError: images that are no pairs, or of which the teacher has made nothing.

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> images = {"type": "hr_folder", "hr": folder / "hr"}
    >>> taught = srcore.build(
    ...     "dataset", "taught_images", scale=2, images=images, teacher=folder / "hr"
    ... )
    >>> sample = taught.sample(0, None)
    >>> (sample["teacher"] == sample["hr"]).all()
    np.True_
    """

    def __init__(self, *, scale: int, images: Selected, teacher: Path) -> None:
        self._pairs = pairs_of(images, scale)
        self._teacher = DownscaledImages(
            FileSource(_files(self._pairs, teacher)),
            scale=scale,
            downscale="none",
            **_crops(images.options),
        )
        self.order = self._pairs.order

    def __len__(self) -> int:
        return len(self._pairs)

    def name(self, index: int) -> str:
        """Name of the pair."""
        return self._pairs.name(index)

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """The pair and its ``teacher``: a random crop of all, or all whole without generator.

        Raises:
            DataError: as the pairs; the teacher's image is not as large as ``hr``.
        """
        same = copy.deepcopy(generator)  # equal draws, equal crops
        sample = self._pairs.sample(index, generator)
        taught = self._teacher.sample(index, same)["hr"]
        if taught.shape != sample["hr"].shape:
            size, expected = (f"{it.shape[1]}x{it.shape[0]}" for it in (taught, sample["hr"]))
            raise DataError(
                f"{self.name(index)}: the teacher's image has {size} pixels (width x height); "
                f"expected {expected} as hr; make it anew from these images"
            )
        return sample | {TEACHER_ENTRY: taught}


def pairs_of(images: Selected, scale: int) -> Pairs:
    """The data set ``images``, if its crops can be found again in what a teacher makes.

    Raises:
        DataError: it crops otherwise than pairs do, or has no ``lr``.
    """
    dataset = images.build(scale=scale)
    entries = option_capability(images.options, "entries")
    has_pairs = entries is not None and {"lr", "hr"} <= {*entries()}
    if not isinstance(dataset, (DownscaledImages, PairedImages)) or not has_pairs:
        raise DataError(
            f'"{images.type}" makes no pairs whose low-resolution images are always the same; '
            'expected a data set such as "paired_folder", or "hr_folder" with downscale'
        )
    return dataset


def _crops(options: CropOptions) -> dict[str, Any]:
    names = ("hr_patch_size", "flip", "rotate", "min_size", "channels")
    return {name: getattr(options, name) for name in names}


def _files(pairs: Pairs, folder: Path) -> list[Path]:
    """The teacher's images in the order of the pairs."""
    known = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in list_images(folder, recursive=True)
    }
    names = [pairs.name(index) for index in range(len(pairs))]
    if missing := [name for name in names if name not in known]:
        raise DataError(
            f"{folder}: the teacher has made nothing of {len(missing)} images: {some(missing)}; "
            "run the stage that makes them with these images"
        )
    return [known[name] for name in names]
