"""Prepare folders of images for training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from srcore.cli.completing import experiments
from srcore.cli.existing import EXISTING_FOLDER
from srcore.cli.flags import flag
from srcore.cli.listing import ListingGroup
from srcore.cli.overriding import overrides_option
from srcore.cli.writing import WritingCommand, WritingFlags
from srcore.files.occupied import refuse_existing
from srcore.prepare.options import (
    CopyOptions,
    OfflineDegradationOptions,
    PreviewOptions,
    ShardOptions,
    SubImageOptions,
    WorkOptions,
)

if TYPE_CHECKING:
    from srcore.prepare.working import Report
    from srcore.transforms.bicubic_dialect import BicubicDialect

Command = TypeVar("Command", bound=Callable[..., Any])

_OUTPUT = click.Path(path_type=Path)


def _common(function: Command) -> Command:
    """Arguments and options of all commands that write images."""
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON."),
        click.option("--overwrite", is_flag=True, help="Replace files of the same names."),
        click.option("--recursive", is_flag=True, help="Also take images of folders below."),
        click.argument("output", type=_OUTPUT),
        click.argument("folder", type=EXISTING_FOLDER),
    ):
        function = decorate(function)
    return function


@click.group(cls=ListingGroup)
def command() -> None:
    """Prepare images: sub-images, degraded copies, LMDB, shards; look at what is trained with.

    \b
    Examples:
      srcore prepare degrade DIV2K_HR DIV2K_LR_x4 --scale 4 --hr-output DIV2K_HR_cut
      srcore prepare subimages DIV2K_HR_cut HR_sub
      srcore prepare subimages DIV2K_LR_x4 LR_x4_sub --scale 4
      srcore prepare lmdb HR_sub HR_sub.lmdb
      srcore prepare shards HR_sub pairs --lr LR_x4_sub
      srcore prepare preview-degradation realesrgan_x4 sheet.png
    """  # noqa: D301 - \b is click's mark for "do not wrap"


@command.command(cls=WritingCommand, before="workers", written="Format of the files.")
@_common
@flag(WorkOptions, "workers")
@flag(SubImageOptions, "crop")
@flag(SubImageOptions, "step")
@flag(SubImageOptions, "threshold")
@flag(SubImageOptions, "scale")
def subimages(
    folder: Path,
    output: Path,
    crop: int,
    step: int,
    threshold: int,
    scale: int,
    workers: int,
    recursive: bool,
    overwrite: bool,
    as_json: bool,
    writing: WritingFlags,
) -> None:
    """Cut the images of FOLDER into overlapping sub-images in OUTPUT.

    Files are numbered row by row: 0001_s001.png, 0001_s002.png, ... Images smaller than the crop
    are left out and listed, images that --format cannot hold count as unusable. A job that was
    stopped goes on with the same command.

    \b
    Examples:
      srcore prepare subimages DIV2K_train_HR HR_sub
      srcore prepare subimages DIV2K_train_LR_bicubic/X4 LR_x4_sub --scale 4
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.prepare.jobs import prepare_sub_images

    chosen = writing.given([writing.suffix])
    sides = {"--crop": crop, "--step": step, "--threshold": threshold}
    for name, value in sides.items():
        if value % scale:
            raise click.UsageError(f"{name}: expected a multiple of --scale {scale}, found {value}")
    report = prepare_sub_images(
        folder,
        output,
        crop=crop // scale,
        step=step // scale,
        threshold=threshold // scale,
        recursive=recursive,
        workers=workers,
        overwrite=overwrite,
        suffix=writing.suffix,
        options=chosen,
    )
    _print_report(report, f"sub-images of {crop // scale}x{crop // scale} in {output}", as_json)


@command.command(cls=WritingCommand, before="workers", written="Format of the files.")
@_common
@flag(WorkOptions, "workers")
@flag(OfflineDegradationOptions, "scale")
@flag(OfflineDegradationOptions, "dialect", "downscale")
@flag(OfflineDegradationOptions, "blur")
@flag(OfflineDegradationOptions, "noise")
@flag(OfflineDegradationOptions, "jpeg")
@flag(OfflineDegradationOptions, "seed")
@flag(CopyOptions, "name")
@click.option("--hr-output", type=_OUTPUT, help="Folder for the HR images cut to fit the scale.")
def degrade(
    folder: Path,
    output: Path,
    scale: int,
    downscale: BicubicDialect,
    blur: float | None,
    noise: float | None,
    jpeg: int | None,
    seed: int,
    name: str,
    hr_output: Path | None,
    workers: int,
    recursive: bool,
    overwrite: bool,
    as_json: bool,
    writing: WritingFlags,
) -> None:
    """Write degraded copies of the images of FOLDER to OUTPUT.

    In this order: cut to a multiple of the scale, blur, shrink bicubically, noise, JPEG. The noise
    of an image depends on the seed and its name only. A job that was stopped goes on with the same
    command.

    \b
    Examples:
      srcore prepare degrade photographs lr_x2 --scale 2 --hr-output hr
      srcore prepare degrade photographs lr --scale 4 --blur 1.2 --noise 5 --jpeg 70 --name {}x4
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.prepare.degrading import OfflineDegradation
    from srcore.prepare.jobs import prepare_degraded

    chosen = writing.given([writing.suffix])
    degradation = OfflineDegradation(
        scale=scale, dialect=downscale, blur=blur, noise=noise, jpeg=jpeg, seed=seed
    )
    report = prepare_degraded(
        folder,
        output,
        degradation,
        name=name,
        hr_output=hr_output,
        recursive=recursive,
        workers=workers,
        overwrite=overwrite,
        suffix=writing.suffix,
        options=chosen,
    )
    folders = output if hr_output is None else f"{output} and {hr_output}"
    _print_report(report, f"files in {folders}", as_json)


@command.command(cls=WritingCommand, before="workers", written="", only="PNG")
@_common
@flag(WorkOptions, "workers")
def lmdb(
    folder: Path,
    output: Path,
    workers: int,
    recursive: bool,
    overwrite: bool,
    as_json: bool,
    writing: WritingFlags,
) -> None:
    """Store the images of FOLDER in the LMDB folder OUTPUT (its name ends in .lmdb).

    A job that was stopped goes on with the same command; until it is whole, it lies in a hidden
    folder beside OUTPUT. Needs the package lmdb: pip install 'srcore[lmdb]'.

    \b
    Example:
      srcore prepare lmdb HR_sub HR_sub.lmdb
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.prepare.lmdb import prepare_lmdb

    report = prepare_lmdb(
        folder,
        output,
        recursive=recursive,
        workers=workers,
        overwrite=overwrite,
        options=writing.given([".png"]),
    )
    _print_report(report, f"images in {output}", as_json)


@command.command()
@_common
@flag(WorkOptions, "workers")
@flag(ShardOptions, "shard_size")
@click.option("--lr", type=EXISTING_FOLDER, help="Folder of LR images; shards then hold pairs.")
@flag(ShardOptions, "lr_name")
def shards(
    folder: Path,
    output: Path,
    lr: Path | None,
    lr_name: str,
    shard_size: float,
    workers: int,
    recursive: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Pack the images of FOLDER, as they are, into tar shards in OUTPUT (layout of WebDataset).

    The source tar reads them: hr = { type = "tar", path = "OUTPUT" }, of pairs with field = "hr"
    and field = "lr". Each shard has an index with sums beside it. The same command goes on with
    a job that was stopped.

    \b
    Examples:
      srcore prepare shards DIV2K_train_HR shards
      srcore prepare shards HR_sub pairs --lr LR_x4_sub --shard-size 500
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.prepare.shards import prepare_shards

    report = prepare_shards(
        folder,
        output,
        lr=lr,
        lr_name=lr_name,
        shard_size=shard_size,
        recursive=recursive,
        workers=workers,
        overwrite=overwrite,
    )
    _print_report(report, f"shards in {output}", as_json)


@command.command(name="verify")
@click.argument("folder", metavar="SHARDS", type=EXISTING_FOLDER)
@flag(WorkOptions, "workers")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def report_damage(folder: Path, workers: int, as_json: bool) -> None:
    """Look for damage in the tar shards of the folder SHARDS.

    Every shard is read to its end, compared with the sums of its index, and every image decoded.
    All that is wrong is listed; the exit code is 1 then. Nothing is written.

    \b
    Example:
      srcore prepare verify shards
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.prepare.shard_verification import verify_shards

    report = verify_shards(folder, workers=workers)
    for line in report.failed:
        click.echo(f"srcore: {line}", err=True)
    if as_json:
        click.echo(json.dumps({"images": report.images, "failed": report.failed}, indent=2))
    else:
        ending = f"{len(report.failed)} faults" if report.failed else "no damage"
        click.echo(f"{report.images} images: {ending}")
    if report.failed:
        raise click.exceptions.Exit(1)


@command.command(name="preview-degradation")
@click.argument("experiment", shell_complete=experiments)
@click.argument("output", type=_OUTPUT)
@overrides_option
@flag(PreviewOptions, "images")
@flag(PreviewOptions, "iteration")
@click.option("--stage", metavar="NAME", help="Stage, if not the first one that trains.")
@click.option("--overwrite", is_flag=True, help="Replace OUTPUT if it exists.")
def preview_degradation(
    experiment: str,
    output: Path,
    overrides: tuple[str, ...],
    images: int,
    iteration: int,
    stage: str | None,
    overwrite: bool,
) -> None:
    """Draw the images that a training of EXPERIMENT sees into OUTPUT, a picture file.

    A row per image: low-resolution, pixel by pixel, and high-resolution, after all transforms, and
    as they were read where transforms change them. They are those of the training, to the bit, as
    one process gets them on the CPU. No network is built.

    \b
    Examples:
      srcore prepare preview-degradation realesrgan_x4 sheet.png
      srcore prepare preview-degradation experiment.toml sheet.png --images 20 --iteration 500
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.checking.experiment import load_experiment
    from srcore.config.paths import inputs_of
    from srcore.config.selections import selections
    from srcore.images import write_image
    from srcore.plugin.manager import plugins
    from srcore.prepare.previewing import preview
    from srcore.prepare.refusing import refuse_writing_among

    refuse_existing([output], overwrite=overwrite)
    loaded = load_experiment(experiment, overrides, plugins=plugins())
    candidates = {
        it.name: loaded.experiment(it) for it in loaded.stages if stage in (None, it.name)
    }
    training = [it for it in candidates.values() if it.task is None and it.data.train is not None]
    if not training:
        names = ", ".join(it.name for it in loaded.stages if it.name) or "no stages"
        raise click.UsageError(
            f"{experiment}: expected a stage that trains"
            + (f', found "{stage}" of {names}' if stage else f", found none in {names}")
        )
    for _, selected in selections(training[0]):
        for _, folder, wanted in inputs_of(selected.options):
            if wanted == "folder":
                refuse_writing_among(folder, (), [output])
    write_image(output, preview(training[0], images, iteration))
    click.echo(f"{images} images from iteration {iteration} on in {output}")


def _print_report(report: Report, what: str, as_json: bool) -> None:
    for line in report.failed:
        click.echo(f"srcore: {line}", err=True)
    for line in report.too_small:
        click.echo(f"srcore: {line}: smaller than the crop, left out", err=True)
    if as_json:
        click.echo(json.dumps(attrs.asdict(report), indent=2))
    else:
        text = f"{report.images} images -> {report.written} {what}"
        if report.too_small:
            text += f"; {len(report.too_small)} smaller than the crop left out"
        if report.failed:
            text += f"; {len(report.failed)} unusable"
        click.echo(text)
    if report.failed:
        raise click.exceptions.Exit(1)
