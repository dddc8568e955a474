"""Enlarge images with a generator."""

from __future__ import annotations

import contextlib
import json
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import attrs
import click

from srcore.cli.console import say
from srcore.cli.existing import EXISTING_FILE, refuse_absent_inputs
from srcore.cli.films import refuse_unused
from srcore.cli.flags import flag, flags
from srcore.cli.listed import listed_inputs
from srcore.cli.loading import Loading
from srcore.cli.usage import refuse_exclusive
from srcore.cli.writing import WritingCommand, WritingFlags
from srcore.errors import Interrupted
from srcore.films.options import FilmOptions
from srcore.inference.options import BORDER_FOR_VIEWERS, UpscaleOptions
from srcore.machine.processes import left_aside, rank, world_size
from srcore.messages import shown
from srcore.plugin.manager import plugins
from srcore.upscaling.options import FrameOptions
from srcore.upscaling.sizing import Sizing

if TYPE_CHECKING:
    from srcore.upscaling.batch import Result
    from srcore.upscaling.jobs import Plan
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
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option(
    "--list",
    "file_list",
    type=EXISTING_FILE,
    metavar="FILE",
    help="A text file of further inputs, one path a line, none of them a pattern.",
)
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
@click.option(
    "--shared",
    is_flag=True,
    help="Other processes with this command take part, here or on other machines; each takes "
    "what is next. Includes --resume.",
)
@click.option(
    "--failures",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what failed there, of all processes, a line of JSON each as it happens.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what became of every file as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    inputs: tuple[str, ...],
    file_list: Path | None,
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
    shared: bool,
    failures: Path | None,
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
      srcore upscale --list files.txt -o enlarged/ --shared --failures failed.jsonl
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.cli.upscale_job import Outcome, UpscaleJob
    from srcore.inference.backends.running import check_options
    from srcore.models.resolving import as_address
    from srcore.upscaling.batch import Settings, largest_factor
    from srcore.upscaling.failure_report import FailureReport
    from srcore.upscaling.fitting import Fitting
    from srcore.upscaling.jobs import plan
    from srcore.upscaling.shared_job import films_last
    from srcore.upscaling.shipped import shipped_model

    refuse_exclusive(weights=weights, model=model)
    refuse_exclusive(resume=resume, overwrite=overwrite)
    refuse_exclusive(shared=shared, overwrite=overwrite)
    listed = listed_inputs(file_list, inputs)
    _refuse_contradictions(sizing)
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        loading.warn_of_slow(upscaling.precision)
        check_options(upscaling, plugins().registry)
        refuse_absent_inputs([*inputs, *listed])
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
            listed=listed,
        )
        refuse_unused(planned, writing)
        given = writing.given({it.target.suffix for it in planned.tasks if not it.is_film})
        unreadable = _told_failures(planned)
        if network is None:
            network = loading.load(weights or shipped_model(largest_factor(sizing, planned.tasks)))
        settings = Settings(
            sizing=sizing,
            fitting=Fitting(background=background, depth=8 if depth else None, strip=strip),
            upscaling=upscaling,
            writing=given,
            frames=frames,
            registry=plugins().registry,
        )
        job = UpscaleJob(
            network=network,
            tasks=films_last(planned.tasks),
            unreadable=unreadable,
            settings=settings,
            films=films,
            report=FailureReport(failures),
            resume=resume or shared,
            overwrite=overwrite,
            shared=shared,
            quiet=quiet,
        )
        done = Outcome()
        use = (weights, attrs.evolve(loading, device="", yes=False))
        with contextlib.closing(job.results(use, done)) as results:
            for result in results:
                _say_result(result, says_paths=not as_json)
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, _INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)
    _print_results(done.results, as_json=as_json)
    done.say_rates(is_asked=shared)
    if done.has_failures:
        raise click.exceptions.Exit(1)


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


def _told_failures(planned: Plan) -> list[Result]:
    """What failed already; one process says that, and what was noted."""
    from srcore.upscaling.batch import Result
    from srcore.upscaling.jobs import Task

    if left_aside():
        say(f"srcore: {left_aside()}", err=True)
    failed = [
        Result(Task(folder, folder), "failed", f"{folder}: cannot be read: {reason}")
        for folder, reason in planned.unreadable
    ]
    if not rank():
        for line in (*planned.notes, *(result.message for result in failed)):
            say(f"srcore: {line}", err=True)
    return failed


def _say_result(result: Result, *, says_paths: bool) -> None:
    if result.note:
        say(f"srcore: {result.note}", err=True)
    if result.status == "failed":
        say(f"srcore: {result.message}", err=True)
    elif says_paths and result.status == "done":
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
        process = f"process {rank()} of {world_size()}: " if world_size() > 1 else ""
        say(f"srcore: {process}{counts_in_words(results)}", err=True)
