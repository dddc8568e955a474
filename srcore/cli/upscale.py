"""Enlarge images with a generator."""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

import attrs
import click

from srcore.cli.console import say
from srcore.cli.existing import refuse_absent_inputs
from srcore.cli.films import refuse_unused, upscale_with_bars
from srcore.cli.flags import flag, flags
from srcore.cli.loading import Loading
from srcore.cli.writing import WritingCommand, WritingFlags
from srcore.errors import Interrupted
from srcore.files.occupied import refuse_existing
from srcore.films.options import FilmOptions
from srcore.inference.options import BORDER_FOR_VIEWERS, UpscaleOptions
from srcore.machine.processes import left_aside, local_rank, rank, world_size
from srcore.machine.terminal import width
from srcore.messages import shown
from srcore.plugin.manager import plugins
from srcore.upscaling.options import FrameOptions
from srcore.upscaling.sizing import Sizing

if TYPE_CHECKING:
    from torch import nn

    from srcore.upscaling.batch import Result, Settings
    from srcore.upscaling.jobs import Plan, Task
    from srcore.upscaling.options import Frames

_DEFAULT_SCALE = 2.0


def _color(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int, int] | None:
    if value is None:
        return None
    digits = {"white": "ffffff", "black": "000000"}.get(value.lower(), value.removeprefix("#"))
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise click.BadParameter(
            f"expected white, black or #rrggbb, found {shown(value)}"
        ) from None
    return red, green, blue


@click.command(
    cls=WritingCommand,
    before="depth",
    written="Format where --output does not name one; same: that of each input.",
    of_inputs=True,
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", metavar="PATH", help="File, folder/ or template; see above.")
@click.option("--recursive", is_flag=True, help="Also images and films in folders below.")
@click.option(
    "--weights",
    metavar="FILE",
    help="Checkpoint of any supported program.  [default: the small model that comes with srcore]",
)
@click.option(
    "--model",
    metavar="NAME",
    help="A published model, fetched once: see srcore models; also hf://owner/name.",
)
@flags("loading", Loading)
@flags("sizing", Sizing)
@click.option(
    "--depth",
    type=click.Choice(["8"]),
    help="Make 16 bits 8, for formats that hold no more.",
)
@click.option(
    "--background",
    metavar="COLOR",
    callback=_color,
    help="Lay transparent images on a color: white, black, or #rrggbb.",
)
@click.option(
    "--strip",
    is_flag=True,
    help="Drop color profile, EXIF data, resolution and the mark of the input.",
)
@flags("upscaling", UpscaleOptions, border=BORDER_FOR_VIEWERS)
@flag(FrameOptions, "frames")
@flags("films", FilmOptions)
@click.option(
    "--resume",
    is_flag=True,
    help="Skip inputs of which an output was made, and go on with films that were begun.",
)
@click.option("--overwrite", is_flag=True, help="Replace outputs that exist.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of every file as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    inputs: tuple[str, ...],
    output: str | None,
    recursive: bool,
    weights: str | None,
    model: str | None,
    loading: Loading,
    sizing: Sizing,
    depth: int | None,
    background: tuple[int, int, int] | None,
    strip: bool,
    upscaling: UpscaleOptions,
    frames: Frames,
    films: FilmOptions,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    writing: WritingFlags,
) -> None:
    """Enlarge INPUT: image files, films, folders, or quoted patterns.

    Gray stays gray, 16 bits stay 16 bits, alpha is enlarged too, the EXIF orientation is applied
    and color profile, EXIF data and DPI kept as far as the format holds them; what is not kept is
    said. Without --output, a.jpg becomes a_x2.png beside it, and the images of
    the folder photos go to photos_x2. An output is a file name (one input), a folder, or a
    template of {stem} {name} {suffix} {folder} {scale}.

    Results are never cut off: a file appears when it is complete. Images that cannot be read are
    reported, the others are done, and the exit code is 1. Paths of results go to standard output.

    Films (mp4, mkv, mov, webm and, only to read, avi, mpeg and others) need srcore[video]. Their
    pictures are enlarged one by one; sound, subtitles, chapters and texts are copied, times and
    colors kept, rotation is applied. What is done of a film lies in FILM.parts until it is whole.

    \b
    Examples:
      srcore upscale photo.jpg
      srcore upscale photo.jpg -o big.png --scale 3
      srcore upscale photo.jpg --model realesrgan-x4plus
      srcore upscale photo.jpg --width 3840 --height 2160 --fit cover
      srcore upscale photos/ -o enlarged/ --recursive --resume
      srcore upscale "photos/*.jpg" -o "out/{stem}_{scale}x.webp" --quality 90
      srcore upscale scan.tif --weights runs/my_x4/generator.safetensors --tile 256
      srcore upscale photo.jpg --weights RealESRGAN_x4plus.pth --precision bfloat16
      srcore upscale photo.jpg --weights RealESRGAN_x4plus.pth --backend auto
      srcore upscale film.mp4 -o large.mp4 --codec h265 --crf 18
      srcore upscale film.mp4 -o large.mp4 --resume
      torchrun --nproc-per-node=4 -m srcore upscale photos/ -o enlarged/
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.inference.backends.running import check_options
    from srcore.models.resolving import as_address
    from srcore.upscaling.batch import Settings, largest_factor
    from srcore.upscaling.fitting import Fitting
    from srcore.upscaling.jobs import plan
    from srcore.upscaling.shipped import shipped_model

    if weights and model:
        raise click.UsageError("--weights and --model exclude each other")
    if resume and overwrite:
        raise click.UsageError("--resume and --overwrite exclude each other")
    _refuse_contradictions(sizing)
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        loading.warn_of_slow(upscaling.precision)
        check_options(upscaling, plugins().registry)
        refuse_absent_inputs(inputs)
        weights = weights or (as_address(model, plugins().registry) if model else None)
        if weights is None and sizing.scale is None and not sizing.is_by_size:
            sizing = attrs.evolve(sizing, scale=_DEFAULT_SCALE)
        network = None
        if not sizing.is_by_size:
            network = loading.load(weights or shipped_model(sizing.scale or _DEFAULT_SCALE))
            sizing = attrs.evolve(sizing, scale=sizing.scale or float(network.scale))  # type: ignore[arg-type]  # an int by the contract
        planned = plan(
            inputs,
            output,
            recursive=recursive,
            scale=sizing.label if sizing.is_by_size else sizing.scale or _DEFAULT_SCALE,
            image_format=writing.format,
            overwrite=overwrite,
        )
        refuse_unused(planned, writing)
        given = writing.given({it.target.suffix for it in planned.tasks if not it.is_film})
        tasks, failed = _share(planned, quiet=quiet)
        if network is None:
            network = loading.load(weights or shipped_model(largest_factor(sizing, planned.tasks)))
        done, left = _split_finished(tasks, resume=resume, keep=overwrite)
        settings = Settings(
            sizing=sizing,
            fitting=Fitting(background=background, depth=8 if depth else None, strip=strip),
            upscaling=upscaling,
            writing=given,
            frames=frames,
            registry=plugins().registry,
        )
        results = [*failed, *done]
        images = [task for task in left if not task.is_film]
        results += _upscale_all(network, images, settings, quiet=quiet, says_paths=not as_json)
        for result in upscale_with_bars(
            network, [task for task in left if task.is_film], settings, films,
            resume=resume, overwrite=overwrite, quiet=quiet,
        ):  # fmt: skip
            results.append(result)
            _say_result(result, says_paths=not as_json)
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, _INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)
    _print_results(results, as_json=as_json)


_INTERRUPTED = "interrupted; finished files are complete, --resume does the others"


def _stop(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number, _INTERRUPTED)


def _refuse_contradictions(sizing: Sizing) -> None:
    if (sizing.width or sizing.height) and (sizing.scale or sizing.max_side):
        raise click.UsageError("--width and --height exclude --scale and --max-side")
    source = click.get_current_context().get_parameter_source("fit")
    is_given = source is not click.core.ParameterSource.DEFAULT
    if is_given and not (sizing.width and sizing.height):
        raise click.UsageError("--fit needs --width and --height")


def _share(planned: Plan, *, quiet: bool) -> tuple[list[Task], list[Result]]:
    """The tasks of this process, all or its share under torchrun, and what failed already."""
    from srcore.upscaling.batch import Result
    from srcore.upscaling.jobs import Task

    if left_aside():
        say(f"srcore: {left_aside()}", err=True)
    share = planned.tasks[rank() :: world_size()]
    if len(share) < len(planned.tasks) and not quiet:
        say(
            f"srcore: process {rank()} of {world_size()} takes {len(share)} of "
            f"{len(planned.tasks)} images",
            err=True,
        )
    if rank():
        return share, []
    for note in planned.notes:
        say(f"srcore: {note}", err=True)
    failed = [
        Result(Task(folder, folder), "failed", f"{folder}: cannot be read: {reason}")
        for folder, reason in planned.unreadable
    ]
    for result in failed:
        say(f"srcore: {result.message}", err=True)
    return share, failed


def _split_finished(
    tasks: list[Task], *, resume: bool, keep: bool
) -> tuple[list[Result], list[Task]]:
    """Results of tasks that are done already, and the other tasks."""
    from srcore.films.parts import delete_finished
    from srcore.upscaling.resuming import resumed

    if keep:
        return [], tasks
    if resume:
        job = resumed(tasks)
        for result in job.results:
            if result.task.is_film and result.status == "skipped":
                delete_finished(result.task.target)
        for note in job.notes:
            say(f"srcore: {note}", err=True)
        for result in job.results:
            if result.note:
                say(f"srcore: {result.note}", err=True)
            if result.status == "failed":
                say(f"srcore: {result.message}", err=True)
        return job.results, job.left
    targets = [task.target for task in tasks]
    refuse_existing(targets, overwrite=False, alternative="--resume skips what is done")
    return [], tasks


def _upscale_all(
    network: nn.Module, tasks: list[Task], settings: Settings, *, quiet: bool, says_paths: bool
) -> list[Result]:
    from tqdm import tqdm

    from srcore.upscaling.batch import pixels_of, upscale_files

    hidden = quiet or not sys.stderr.isatty() or local_rank() != 0
    pixels = pixels_of(tasks)
    results = []
    with tqdm(
        total=sum(pixels),
        disable=hidden,
        unit="px",
        unit_scale=True,
        **width(),
    ) as bar:
        for result in upscale_files(network, tasks, pixels, settings, bar.update):
            results.append(result)
            bar.set_postfix_str(f"{len(results)}/{len(tasks)} files", refresh=False)
            _say_result(result, says_paths=says_paths)
    return results


def _say_result(result: Result, *, says_paths: bool) -> None:
    if result.note:
        say(f"srcore: {result.note}", err=True)
    if result.status == "failed":
        say(f"srcore: {result.message}", err=True)
    elif says_paths:
        say(str(result.task.target))


def _print_results(results: list[Result], *, as_json: bool) -> None:
    from srcore.upscaling.batch import counts_in_words, lost_by_results

    counts = {
        status: sum(result.status == status for result in results)
        for status in ("done", "skipped", "failed")
    }
    if as_json:
        files = [result.as_dict() for result in results]
        say(json.dumps({**counts, "files": files}, indent=2))
    if names := lost_by_results(results):
        say(f"srcore: not kept, with numbers of files: {names}", err=True)
    if len(results) > 1 or counts["failed"]:
        say(f"srcore: {counts_in_words(results)}", err=True)
    if counts["failed"]:
        raise click.exceptions.Exit(1)
