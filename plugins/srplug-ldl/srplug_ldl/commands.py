"""``srcore ldl``: artifact maps of existing images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srcore.cli.existing import EXISTING_FILE
from srcore.cli.flags import flag
from srcore.cli.listing import ListingGroup
from srcore.cli.numbers import FiniteRange
from srcore.files.occupied import refuse_existing
from srplug_ldl.options import LDLOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray


@click.group("ldl", cls=ListingGroup)
def command() -> None:
    """LDL: look at the artifacts of a generator."""


@command.command("map")
@click.option("--sr", type=EXISTING_FILE, required=True, help="Output of the generator.")
@click.option(
    "--ema", type=EXISTING_FILE, help="Output of its EMA; without it the map is not refined."
)
@click.option("--hr", type=EXISTING_FILE, required=True, help="Ground truth of the same size.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Picture to write."
)
@click.option("--beside", is_flag=True, help="Put SR, EMA SR and HR beside the map.")
@click.option(
    "--max",
    "maximum",
    type=FiniteRange(0, min_open=True),
    metavar="VALUE",
    help="Value of the brightest color, to compare pictures; by default the map's largest.",
)
@flag(LDLOptions, "window_size")
@flag(LDLOptions, "exponent")
@click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print the values as JSON.")
def map_command(
    sr: Path,
    ema: Path | None,
    hr: Path,
    output: Path,
    beside: bool,
    maximum: float | None,
    window_size: int,
    exponent: float,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write the artifact map of an image as a picture, and print its largest value and mean.

    Bright pixels are probable artifacts: places where the residual varies strongly, and where the
    generator is no better than its EMA.

    \b
    Example:
      srcore ldl map --sr sr.png --ema ema.png --hr hr.png -o map.png
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    refuse_existing([output], overwrite=overwrite)
    from srcore.files.replacing import refuse_replacing
    from srcore.images import write_image
    from srplug_ldl.artifact_pictures import comparison, heat_picture, map_of_images

    refuse_replacing(filter(None, (sr, ema, hr)), [output])
    truth = _eight_bits(hr)
    generated = _same_size(sr, truth, hr)
    average = _same_size(ema, truth, hr) if ema is not None else None
    values = map_of_images(generated, average, truth, window_size=window_size, exponent=exponent)
    heat = heat_picture(values, maximum)
    write_image(output, comparison(generated, average, truth, values, heat) if beside else heat)
    summary = {"max": float(values.max()), "mean": float(values.mean())}
    if as_json:
        click.echo(json.dumps({"out": str(output), **summary}))
    else:
        click.echo(f"{output}: largest {summary['max']:.4g}, mean {summary['mean']:.4g}")


def _eight_bits(path: Path) -> NDArray[Any]:
    import numpy as np

    from srcore.images import read_rgb

    image = read_rgb(path)
    if image.dtype == np.uint16:
        return np.round(image / 257.0).astype(np.uint8)
    return image


def _same_size(path: Path, truth: NDArray[Any], hr: Path) -> NDArray[Any]:
    from srcore.errors import DataError

    image = _eight_bits(path)
    if image.shape != truth.shape:
        size, wanted = (f"{shape[1]}x{shape[0]}" for shape in (image.shape, truth.shape))
        raise DataError(f"{path}: {size} pixels; expected {wanted}, the size of {hr}")
    return image
