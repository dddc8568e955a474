"""Enlarge images with a generator."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from srcore.cli.console import say
from srcore.cli.numbers import FiniteRange
from srcore.cli.overriding import load_network, network_option, order_option, seed_option
from srcore.cli.writing import WritingCommand, given_options
from srcore.errors import Interrupted
from srcore.machine.processes import left_aside, local_rank, rank, world_size
from srcore.machine.terminal import width

if TYPE_CHECKING:
    from torch import nn

    from srcore.upscaling.batch import Result, Settings
    from srcore.upscaling.jobs import Plan, Task
    from srcore.upscaling.sizing import Sizing

_DEFAULT_SCALE = 2.0
_PIXELS = click.IntRange(1, 2**31 - 1)


def _auto_or_number(ctx: click.Context, parameter: click.Parameter, value: str) -> int | str | None:
    if value == "auto":
        return value
    if value == "none" and parameter.name == "tile":
        return None
    if not value.isdigit():
        raise click.BadParameter(f"expected a number of pixels or auto, found {value!r}")
    return int(value)


def _colour(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int, int] | None:
    if value is None:
        return None
    digits = {"white": "ffffff", "black": "000000"}.get(value.lower(), value.removeprefix("#"))
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise click.BadParameter(f"expected white, black or #rrggbb, found {value!r}") from None
    return red, green, blue


@click.command(
    cls=WritingCommand,
    before="depth",
    written="Format where --output does not name one; same: that of each input.",
    of_inputs=True,
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", metavar="PATH", help="File, folder/ or template; see above.")
@click.option("--recursive", is_flag=True, help="Also images in folders below.")
@click.option(
    "--weights", metavar="FILE",
    help="Checkpoint of any supported program.  [default: the small model that comes with srcore]",
)  # fmt: skip
@click.option("--key", metavar="NAME", help="Entry of the checkpoint, such as params.")
@network_option
@order_option
@seed_option
@click.option(
    "--scale", type=FiniteRange(0, min_open=True),
    help="Output side / input side, any number.  [default: that of --weights, else 2]",
)  # fmt: skip
@click.option("--width", type=_PIXELS, help="Of the result, pixels; the height follows.")
@click.option("--height", type=_PIXELS, help="Of the result, pixels; the width follows.")
@click.option(
    "--max-side", type=_PIXELS,
    help="Longer side of the result, pixels; with --scale its upper limit.",
)  # fmt: skip
@click.option(
    "--fit", type=click.Choice(["inside", "cover", "stretch"]),
    help="With --width and --height: within them, filling them and cut, or out of proportion.  "
    "[default: inside]",
)  # fmt: skip
@click.option(
    "--depth",
    type=click.Choice(["8"]),
    help="Make 16 bits 8, for formats that hold no more.",
)
@click.option(
    "--background", metavar="COLOUR", callback=_colour,
    help="Lay transparent images on a colour: white, black, or #rrggbb.",
)  # fmt: skip
@click.option(
    "--strip",
    is_flag=True,
    help="Drop colour profile, EXIF data, resolution and the mark of the input.",
)
@click.option(
    "--tile", default="auto", show_default=True, callback=_auto_or_number,
    help="Side of a tile in input pixels, auto (by free memory) or none (whole image).",
)  # fmt: skip
@click.option(
    "--overlap", default="auto", show_default=True, callback=_auto_or_number,
    help="Context around a tile in input pixels.",
)  # fmt: skip
@click.option(
    "--border", type=click.IntRange(0), default=8, show_default=True,
    help="Input pixels mirrored beyond the edges, against coloured rims.",
)  # fmt: skip
@click.option(
    "--batch", type=click.IntRange(1), default=1, show_default=True, help="Tiles at a time."
)
@click.option(
    "--precision", type=click.Choice(["float32", "bfloat16", "float16"]),
    default="float32", show_default=True, help="What the network computes in.",
)  # fmt: skip
@click.option(
    "--device", default="auto", show_default=True,
    help="cpu, cuda, cuda:N, mps, or auto: the first of cuda, mps, cpu that is there.",
)  # fmt: skip
@click.option("--self-ensemble", is_flag=True, help="Average of 8 flipped and turned runs.")
@click.option(
    "--frames", type=click.Choice(["auto", "first", "all"]), default="auto", show_default=True,
    help="Of animations and pages; auto: all if the output holds them, else the first, and it is "
    "said.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Skip inputs of which an output was made.")
@click.option("--overwrite", is_flag=True, help="Replace outputs that exist.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of every file as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(**options: Any) -> None:
    """Enlarge INPUT: image files, folders, or quoted patterns.

    Gray stays gray, 16 bits stay 16 bits, alpha is enlarged too, the EXIF orientation is applied
    and colour profile, EXIF data and DPI kept as far as the format holds them; what is not kept is
    said. Without --output, a.jpg becomes a_x2.png beside it, and the images of
    the folder photos go to photos_x2. An output is a file name (one input), a folder, or a
    template of {stem} {name} {suffix} {folder} {scale}.

    Results are never cut off: a file appears when it is complete. Images that cannot be read are
    reported, the others are done, and the exit code is 1. Paths of results go to standard output.

    \b
    Examples:
      srcore upscale photo.jpg
      srcore upscale photo.jpg -o big.png --scale 3
      srcore upscale photo.jpg --width 3840 --height 2160 --fit cover
      srcore upscale photos/ -o enlarged/ --recursive --resume
      srcore upscale "photos/*.jpg" -o "out/{stem}_{scale}x.webp" --quality 90
      srcore upscale scan.tif --weights runs/my_x4/generator.safetensors --tile 256
      srcore upscale photo.jpg --weights RealESRGAN_x4plus.pth --precision bfloat16
      torchrun --nproc-per-node=4 -m srcore upscale photos/ -o enlarged/
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.upscaling.batch import Settings, largest_factor
    from srcore.upscaling.fitting import Fitting
    from srcore.upscaling.sizing import Sizing

    if options["resume"] and options["overwrite"]:
        raise click.UsageError("--resume and --overwrite exclude each other")
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        sizing = _sizing(options)
        network = None if sizing.is_by_size else _load(options)
        if network is not None and sizing.scale is None:
            # int by contract
            sizing = Sizing(scale=options["scale"] or float(network.scale))  # type: ignore[arg-type]
        planned = _plan(options, sizing)
        writing = given_options(options, {task.target.suffix for task in planned.tasks})
        tasks, failed = _share(planned, options)
        network = network or _load(options, lambda: largest_factor(sizing, planned.tasks))
        done, left = _split_finished(tasks, resume=options["resume"], keep=options["overwrite"])
        settings = Settings(
            sizing=sizing,
            fitting=Fitting(
                background=options["background"],
                depth=8 if options["depth"] else None,
                strip=options["strip"],
            ),
            **{name: options[name] for name in (
                "tile", "overlap", "border", "batch", "precision", "self_ensemble", "seed",
                "frames",
            )},
            writing=writing,
        )  # fmt: skip
        results = [*failed, *done, *_run(network, left, settings, options)]
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, _INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)
    _report(results, as_json=options["as_json"])


_INTERRUPTED = "interrupted; finished files are complete, --resume does the others"


def _stop(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number, _INTERRUPTED)


def _sizing(options: dict[str, Any]) -> Sizing:
    from srcore.upscaling.sizing import Sizing

    sides = options["width"], options["height"]
    if any(sides) and (options["scale"] or options["max_side"]):
        raise click.UsageError("--width and --height exclude --scale and --max-side")
    if options["fit"] and not all(sides):
        raise click.UsageError("--fit needs --width and --height")
    return Sizing(
        fit=options["fit"] or "inside",
        **{name: options[name] for name in ("scale", "width", "height", "max_side")},
    )


def _load(options: dict[str, Any], factor: Callable[[], float] | None = None) -> nn.Module:
    """The network; the one that comes with srcore is chosen by a factor, else by ``--scale``."""
    from srcore.machine.devices import pick_device, slow_precision
    from srcore.upscaling.shipped import shipped_model

    device = pick_device(options["device"])
    slow = slow_precision(device, options["precision"])
    if slow:
        click.echo(f"precision: {slow}", err=True)
    wanted = factor() if factor and not options["weights"] else options["scale"]
    weights = options["weights"] or shipped_model(wanted or _DEFAULT_SCALE)
    options["scale"] = options["scale"] or (None if options["weights"] else _DEFAULT_SCALE)
    return load_network(weights, device, options)


def _plan(options: dict[str, Any], sizing: Sizing) -> Plan:
    from srcore.upscaling.jobs import plan

    return plan(
        options["inputs"],
        options["output"],
        recursive=options["recursive"],
        scale=sizing.label if sizing.is_by_size else sizing.scale or _DEFAULT_SCALE,
        image_format=options["image_format"],
        overwrite=options["overwrite"],
    )


def _share(planned: Plan, options: dict[str, Any]) -> tuple[list[Task], list[Result]]:
    """The tasks of this process, all or its share under torchrun, and what failed already."""
    from srcore.upscaling.batch import Result
    from srcore.upscaling.jobs import Task

    if left_aside():
        say(f"srcore: {left_aside()}", err=True)
    share = planned.tasks[rank() :: world_size()]
    if len(share) < len(planned.tasks) and not options["quiet"]:
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
    from srcore.upscaling.jobs import JobError
    from srcore.upscaling.resuming import resumed

    if keep:
        return [], tasks
    if resume:
        job = resumed(tasks)
        for note in job.notes:
            say(f"srcore: {note}", err=True)
        for result in job.results:
            if result.note:
                say(f"srcore: {result.note}", err=True)
            if result.status == "failed":
                say(f"srcore: {result.message}", err=True)
        return job.results, job.left
    if existing := [task.target for task in tasks if os.path.exists(task.target)]:
        raise JobError(
            f"{existing[0]}: exists"
            + (f", and {len(existing) - 1} more outputs" if len(existing) > 1 else "")
            + "; --resume skips what is done, --overwrite replaces it"
        )
    return [], tasks


def _run(
    network: nn.Module, tasks: list[Task], settings: Settings, options: dict[str, Any]
) -> list[Result]:
    from tqdm import tqdm

    from srcore.upscaling.batch import pixels_of, upscale_files

    hidden = options["quiet"] or not sys.stderr.isatty() or local_rank() != 0
    pixels = pixels_of(tasks)
    results = []
    with tqdm(
        total=sum(pixels), disable=hidden, unit="px", unit_scale=True,
        **width(),
    ) as bar:  # fmt: skip
        for result in upscale_files(network, tasks, pixels, settings, bar.update):
            results.append(result)
            bar.set_postfix_str(f"{len(results)}/{len(tasks)} files", refresh=False)
            if result.note:
                say(f"srcore: {result.note}", err=True)
            if result.status == "failed":
                say(f"srcore: {result.message}", err=True)
            elif not options["as_json"]:
                say(str(result.task.target))
    return results


def _report(results: list[Result], *, as_json: bool) -> None:
    from srcore.upscaling.batch import lost, summary

    counts = {
        status: sum(result.status == status for result in results)
        for status in ("done", "skipped", "failed")
    }
    if as_json:
        files = [result.as_dict() for result in results]
        say(json.dumps({**counts, "files": files}, indent=2))
    if names := lost(results):
        say(f"srcore: not kept, with numbers of files: {names}", err=True)
    if len(results) > 1 or counts["failed"]:
        say(f"srcore: {summary(results)}", err=True)
    if counts["failed"]:
        raise click.exceptions.Exit(1)
