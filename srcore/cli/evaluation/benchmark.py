"""What `srcore evaluate` measures: images, scales and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import click

from srcore.cli.existing import refuse_missing
from srcore.models.addresses import is_address
from srcore.options import option
from srcore.plugin.manager import plugins
from srcore.transforms.bicubic_dialect import BicubicDialect

if TYPE_CHECKING:
    from srcore.evaluation.image_sets import ImageSet
    from srcore.evaluation.measure import Measure

#: What is measured where a truth is there, and of pictures alone.
_WITH_TRUTH, _ALONE = "psnr,ssim", "niqe"


@attrs.frozen(kw_only=True)
class Benchmark:
    """Images and how they are measured."""

    data: Annotated[tuple[str, ...], "[NAME=]DIR"] = option(
        (), "benchmark folder, or a folder of them; repeatable"
    )
    hr: Path | None = option(
        None, "folder of high-resolution images, instead of --data", path="folder"
    )
    lr: Path | None = option(None, "folder of low-resolution images for --hr", path="folder")
    scale: tuple[int, ...] = option(
        (), "scale of a table without models; repeatable; without it those of the models", ge=1
    )
    pictures: Annotated[tuple[str, ...], "[NAME=]DIR"] = option(
        (), "result pictures of any program, measured against --hr or alone; repeatable"
    )
    downscale: BicubicDialect = option(
        "matlab", "bicubic that makes low-resolution images where there are none"
    )
    interpolation: Annotated[str, "NAMES"] = option(
        "bicubic",
        "beside the models: bicubic (MATLAB's), nearest, opencv (its bicubic), comma separated",
    )
    metrics: Annotated[str | None, "NAMES"] = option(
        None,
        "metrics, comma separated; options follow a colon: psnr:y_channel=false; without it "
        f"{_WITH_TRUTH}, of pictures without --hr {_ALONE}",
    )
    crop_border: int | None = option(
        None, "pixels cropped on every side; without it as many as the scale", ge=0
    )

    def refuse_incomplete(self, models: Sequence[str]) -> None:
        """Refuse a benchmark of models that lacks images, or a scale.

        Raises:
            UsageError: what is missing.
        """
        if not self.data and not self.hr:
            raise click.UsageError("name images: --data DIR, or --hr DIR with --lr DIR")
        if bool(self.hr) != bool(self.lr):
            raise click.UsageError("--hr and --lr belong together; for --hr alone use --data DIR")
        if not models and not self.scale:
            raise click.UsageError(
                "name a MODEL, or --scale N for the table of bicubic interpolation"
            )
        for argument in self.data:
            refuse_missing("--data", named_path(argument), "folder")

    @property
    def interpolations(self) -> list[str]:
        """Names of what takes part beside the models."""
        return [name.strip() for name in self.interpolation.split(",") if name.strip()]

    def measures(self) -> list[Measure]:
        """The metrics that were asked for; pictures without truth have metrics that need none."""
        from srcore.evaluation.evaluating import choose_measures

        alone = bool(self.pictures) and not self.hr
        usual = _ALONE if alone else _WITH_TRUTH
        measures = choose_measures(self.metrics or usual, plugins().registry)
        comparing = [measure.label for measure in measures if measure.needs_hr]
        if comparing and alone:
            raise click.UsageError(
                f"{', '.join(comparing)} compares with a truth: name it by --hr DIR"
            )
        return measures

    def sets(self, scale: int, channels: int) -> list[ImageSet]:
        """The sets at a scale, of 3 channels or, with alpha, 4."""
        from srcore.evaluation.image_sets import find_sets, paired_set, told_apart

        if self.hr and self.lr:
            return [paired_set(self.hr, self.lr, scale, channels=channels)]
        return told_apart(
            [
                image_set
                for argument in self.data
                for image_set in find_sets(
                    argument, scale, channels=channels, downscale=self.downscale
                )
            ]
        )

    def folders_of_pictures(self) -> dict[str, Path]:
        """The folders of ``--pictures`` by the name that tables call them."""
        folders: dict[str, Path] = {}
        for argument in self.pictures:
            folder = named_path(argument)
            is_plain = folder == Path(argument)
            name = folder.resolve().name if is_plain else argument.partition("=")[0]
            refuse_missing("--pictures", folder, "folder")
            if name in folders:
                raise click.UsageError(f"two folders are called {name}; use NAME=DIR")
            folders[name] = folder
        return folders


def named_weights(argument: str) -> tuple[str, str]:
    """Name and weights of ``MODEL`` or ``NAME=MODEL``; the name is empty where there is none."""
    if is_address(argument):
        return "", argument
    name, separator, weights = argument.partition("=")
    return (name, weights) if separator and not Path(argument).exists() else ("", argument)


def named_path(argument: str) -> Path:
    """The path of ``PATH`` or ``NAME=PATH``."""
    _, separator, path = argument.partition("=")
    return Path(path) if separator and not Path(argument).exists() else Path(argument)
