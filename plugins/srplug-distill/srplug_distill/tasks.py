"""Task ``teacher_images``: what a teacher makes of all low-resolution images, once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import srcore
from srcore.files.hashing import sha256_of
from srcore.images import write_image
from srcore.options.declaration import defaults
from srcore.tasks import delete_outdated, own_share, wait_for_all
from srplug_distill.datasets import pairs_of
from srplug_distill.options import FOLDER, TeacherImagesOptions

if TYPE_CHECKING:
    from srcore.engine.run import Run
    from srcore.options import Selected
    from srplug_distill.options import Precision

_DEFAULT = defaults(TeacherImagesOptions)


class TeacherImages:
    """Write ``teacher/<name>.png`` for every image, rounded to 8 bits (16 where ``lr`` has them).

    Files that are there are kept if the same teacher made them, so that an interrupted stage goes
    on where it was; several processes share the images.

        [[stages]]
        name = "teacher_images"
        [stages.task]
        type = "teacher_images"
        weights = "RealESRGAN_x4plus.pth"
        [stages.task.images]
        type = "paired_folder"
        hr = "DIV2K_train_HR"
        lr = "DIV2K_train_LR_bicubic/X4"
        lr_name = "{}x4"

    Arguments: the keys of :class:`srplug_distill.options.TeacherImagesOptions`.
    """

    def __init__(
        self,
        *,
        images: Selected,
        weights: Path,
        tile: int = _DEFAULT.tile,
        precision: Precision = _DEFAULT.precision,
        self_ensemble: bool = _DEFAULT.self_ensemble,
    ) -> None:
        self.images = images
        self.weights = weights
        self.tile = tile
        self.precision = precision
        self.self_ensemble = self_ensemble

    def run(self, run: Run) -> None:
        """Write what is missing.

        Raises:
            DataError: images without pairs, or that cannot be read.
            WeightsError: no generator of the experiment's scale.
            Interrupted: a signal came.
        """
        pairs = pairs_of(self.images, run.experiment.scale)
        numbers = range(len(pairs))
        network = srcore.load_generator(self.weights, run.device, scale=run.experiment.scale)
        made_by = f"{sha256_of(self.weights)} {self.precision} {self.self_ensemble}"
        delete_outdated(run, made_by, [FOLDER], ["*.png"])

        def file(number: int) -> Path:
            return run.folder / FOLDER / f"{pairs.name(number)}.png"

        for number in own_share(numbers, lambda it: file(it).is_file(), "teacher's images", run):
            upscaled = srcore.upscale(
                network,
                pairs.sample(number, None)["lr"],
                tile=self.tile or "auto",
                border=0,
                precision=self.precision,
                self_ensemble=self.self_ensemble,
            )
            write_image(file(number), upscaled)
        wait_for_all()
        run.results = {"teacher": {"images": float(len(numbers))}}
