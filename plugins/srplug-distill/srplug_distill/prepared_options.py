"""TOML keys of what a teacher makes before the training; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs

from srcore.errors import SrcoreError
from srcore.options import Selected, component, option
from srplug_distill.plugin import TEACHER_ENTRY

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

Problems = Iterator[tuple[str, str]]
Precision = Literal["float32", "bfloat16", "float16"]
#: Of the teacher's images, in the folder of the stage.
FOLDER = "teacher"


@attrs.frozen(kw_only=True)
class TeacherImagesOptions:
    """Write what a teacher makes of every low-resolution image, into the folder ``teacher``."""

    images: Selected = component("dataset")
    weights: Path = option(
        help='weights of the teacher: a file, or "stage:<name>/generator.safetensors"', path="file"
    )
    tile: int = option(
        0, "side of the tiles in low-resolution pixels; 0: chosen by the free memory", ge=0
    )
    precision: Precision = option("float32", "what the teacher computes in")
    self_ensemble: bool = option(False, "average of 8 flipped and turned runs")

    def unfit_weights(self, experiment: Experiment) -> Problems:
        """A file that holds no generator of the scale."""
        import srcore  # torch
        from srcore.weights.refusals import refused_weights

        def build() -> object:
            return srcore.load_generator(self.weights, scale=experiment.scale)

        for message in refused_weights(build):
            yield "weights", message

    def problems(self, experiment: Experiment) -> Problems:
        """Images of which the teacher makes nothing that a training could use."""
        yield from _unfit_images(self.images, experiment.scale)

    def outputs(self) -> tuple[str, ...]:
        """What the stage writes."""
        return ("weights.sha256", f"{FOLDER}/*.png")


@attrs.frozen(kw_only=True)
class TaughtImagesOptions:
    """Images of another data set, with what a teacher has made of them (task teacher_images)."""

    images: Selected = component("dataset")
    teacher: Path = option(
        help='folder of what the teacher has made: "stage:<name>/teacher"', path="folder"
    )

    def entries(self) -> tuple[str, ...]:
        """What a sample holds beside the images."""
        return (TEACHER_ENTRY,)

    def problems(self, experiment: Experiment) -> Problems:
        """Images that the teacher has not seen, or that are no pairs."""
        yield from _unfit_images(self.images, experiment.scale)


def _unfit_images(images: Selected, scale: int) -> Problems:
    from srplug_distill.taught_images import pairs_of  # it imports NumPy

    try:
        pairs_of(images, scale)
    except SrcoreError as error:
        yield "images", str(error)
