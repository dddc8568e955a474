"""Flags of commands that enlarge files: ``srcore upscale``, and those of plugins that do it too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from srcore.cli.existing import EXISTING_FILE
from srcore.cli.flags import flag, flags
from srcore.cli.grouped import HeadedOption
from srcore.cli.loading import Loading
from srcore.cli.writing import WritingFlags
from srcore.inference.options import BORDER_FOR_VIEWERS, UpscaleOptions
from srcore.messages import shown
from srcore.upscaling.options import FrameOptions
from srcore.upscaling.sizing import Sizing

if TYPE_CHECKING:
    from srcore.upscaling.options import Frames

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@attrs.frozen(kw_only=True)
class UpscaleRequest:
    """What a command line asks for.

    Attributes:
        inputs: files, folders and patterns.
        file_list: a text file of further ones.
        output: file, folder or template.
        recursive: take folders below.
        weights: file of the network.
        model: name of it, if it is published.
        loading: how it is loaded.
        sizing: of the results.
        depth: 8 or None.
        background: what transparent images are laid on.
        strip: drop what is known of the inputs.
        upscaling: how images are computed.
        frames: of animations and pages.
        writing: of image files.
        resume: skip what is done.
        overwrite: replace it.
        failures: file of what failed.
        as_json: print results as JSON.
        quiet: no progress bar.
    """

    inputs: tuple[str, ...]
    file_list: Path | None
    output: str | None
    recursive: bool
    weights: str | None
    model: str | None
    loading: Loading
    sizing: Sizing
    depth: str | None
    background: tuple[int, int, int] | None
    strip: bool
    upscaling: UpscaleOptions
    frames: Frames
    writing: WritingFlags
    resume: bool
    overwrite: bool
    failures: Path | None
    as_json: bool
    quiet: bool


def upscale_flags(*own: _Decorator) -> _Decorator:
    """Give a command the flags of ``srcore upscale``; its first argument is what they ask for.

    The command's class is :class:`srcore.cli.writing.WritingCommand`, with ``before="depth"``.

    Args:
        own: further flags; they stand before those of what is there already.
    """
    fields = [field.name for field in attrs.fields(UpscaleRequest)]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def called(**given: Any) -> Any:
            request = UpscaleRequest(**{name: given.pop(name) for name in fields})
            return function(request, **given)

        made: Callable[..., Any] = called
        for decorator in reversed([*_OF_IMAGES, *own, *_OF_RESULTS]):
            made = decorator(made)
        return made

    return decorate


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


#: Headings of flags in the help.
_WEIGHTS, FILMS = "Weights and device", "Films and animations"

_OF_IMAGES: tuple[_Decorator, ...] = (
    click.argument("inputs", nargs=-1, metavar="INPUT..."),
    click.option(
        "--list",
        "file_list",
        type=EXISTING_FILE,
        metavar="FILE",
        help="A text file of further inputs, one path or address a line, none of them a pattern.",
    ),
    click.option(
        "-o",
        "--output",
        metavar="PATH",
        help="File, folder/, or template such as out/{stem}_{scale}x.png.",
    ),
    click.option("--recursive", is_flag=True, help="Also images and films in folders below."),
    click.option(
        "--weights",
        cls=HeadedOption,
        heading=_WEIGHTS,
        metavar="FILE",
        help="Checkpoint of any supported program.  [default: the small model that comes with "
        "srcore]",
    ),
    click.option(
        "--model",
        cls=HeadedOption,
        heading=_WEIGHTS,
        metavar="NAME",
        help="A published model, fetched once: see srcore models; also hf://owner/name.",
    ),
    flags("loading", Loading, heading=_WEIGHTS),
    flags("sizing", Sizing, heading="Size"),
    click.option(
        "--depth",
        type=click.Choice(["8"]),
        help="Make 16 bits 8, for formats that hold no more.",
    ),
    click.option(
        "--background",
        metavar="COLOR",
        callback=_color,
        help="Lay transparent images on a color: white, black, or #rrggbb.",
    ),
    click.option(
        "--strip",
        is_flag=True,
        help="Drop color profile, EXIF data, resolution and the mark of the input.",
    ),
    flags("upscaling", UpscaleOptions, heading="How it is computed", border=BORDER_FOR_VIEWERS),
    flag(FrameOptions, "frames", heading=FILMS),
)

_OF_RESULTS: tuple[_Decorator, ...] = (
    click.option(
        "--resume",
        is_flag=True,
        help="Skip inputs of which an output was made, and go on with films that were begun.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace outputs that exist."),
    click.option(
        "--failures",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write what failed there, of all processes, a line of JSON each as it happens.",
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print what became of every file as JSON."
    ),
    click.option("--quiet", is_flag=True, help="No progress bar."),
)
