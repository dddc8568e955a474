"""Measure generators on benchmark images, beside bicubic interpolation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srcore.cli.console import say
from srcore.cli.flags import flags
from srcore.cli.loading import Loading
from srcore.cli.writing import WritingCommand, given_options, written_suffix
from srcore.inference.options import UpscaleOptions
from srcore.plugin.manager import plugins

if TYPE_CHECKING:
    from srcore.errors import DataError
    from srcore.evaluation.image_sets import ImageSet
    from srcore.evaluation.measure import Measure
    from srcore.evaluation.measuring import Comparison, Contender, SetResult

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_PICTURES = ("save_images", "strips", "error_maps")


@click.command(cls=WritingCommand, before="overwrite", written="Format of pictures.")
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@click.option(
    "--data", multiple=True, metavar="[NAME=]DIR",
    help="Benchmark folder, or a folder of them; repeatable.",
)  # fmt: skip
@click.option("--hr", type=_FOLDER, help="Folder of high-resolution images, instead of --data.")
@click.option("--lr", type=_FOLDER, help="Folder of low-resolution images for --hr.")
@click.option(
    "--scale", type=click.IntRange(1), multiple=True,
    help="Scale of a table without models; repeatable.  [default: the models' scales]",
)  # fmt: skip
@click.option(
    "--pictures", multiple=True, metavar="[NAME=]DIR",
    help="Result pictures of any program, measured against --hr or alone; repeatable.",
)  # fmt: skip
@click.option(
    "--downscale", type=click.Choice(["matlab", "matlab_uint8", "opencv"]), default="matlab",
    show_default=True, help="Bicubic that makes low-resolution images where there are none.",
)  # fmt: skip
@click.option(
    "--interpolation", default="bicubic", show_default=True, metavar="NAMES",
    help="Beside the models: bicubic (MATLAB's), nearest, opencv (its bicubic), comma separated.",
)  # fmt: skip
@click.option(
    "--metrics", metavar="NAMES",
    help="Metrics, comma separated; options follow a colon: psnr:y_channel=false.  [default: "
    "psnr,ssim; of pictures without --hr: niqe]",
)  # fmt: skip
@click.option(
    "--crop-border", type=click.IntRange(0), help="Pixels cropped on every side.  [default: scale]"
)
@flags("loading", Loading)
@flags("enlarging", UpscaleOptions, ("seed", "precision", "tile", "self_ensemble"), tile="none")
@click.option("--per-image", is_flag=True, help="Print the values of every image too.")
@click.option("--csv", "csv_file", type=_FILE, help="Write a table as CSV.")
@click.option("--markdown", "markdown_file", type=_FILE, help="Write tables in Markdown.")
@click.option("--latex", "latex_file", type=_FILE, help="Write tables in LaTeX.")
@click.option("--json-file", type=_FILE, help="Write everything as JSON.")
@click.option("--json", "print_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--save-images", type=_FOLDER, help="Write results to DIR/<set>_x<scale>/<model>/.")
@click.option("--strips", type=_FOLDER, help="Write side-by-side pictures to DIR/<set>_x<scale>/.")
@click.option(
    "--error-maps", type=_FOLDER, help="Write maps of the error of Y, like --save-images."
)
@click.option("--overwrite", is_flag=True, help="Replace tables and pictures that exist.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    models: tuple[str, ...], loading: Loading, enlarging: UpscaleOptions, **options: Any
) -> None:
    """Measure MODELs (weights files, or NAME=FILE) on benchmark images, beside bicubic.

    A benchmark folder holds HR_x4 and LR_x4, GTmod12 and LRbicx4, HR and LR_bicubic/X4, or only
    high-resolution images, whose low-resolution ones are then made by MATLAB's bicubic. Without
    MODEL and with --scale, the table of bicubic interpolation is printed. Images that cannot be
    read are reported and left out, and the exit code is 1.

    With --pictures, folders of result pictures are measured instead, in the same tables.

    \b
    Examples:
      srcore evaluate --scale 4 --data benchmark/Set5
      srcore evaluate runs/my_x4/generator.safetensors --data benchmark/
      srcore evaluate mine=a.safetensors theirs=b.pth --data Set5 --data Set14 --strips strips/
      srcore evaluate a.pth --hr DIV2K_valid_HR --lr DIV2K_valid_LR_bicubic/X4 --csv table.csv
      srcore evaluate a.pth --data Set5 --metrics psnr,ssim,psnr:y_channel=false,niqe --per-image
      srcore evaluate --pictures theirs=results/ --hr Set5/GTmod12 --scale 4 --latex table.tex
      srcore evaluate --pictures results/ --metrics niqe
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    if options["pictures"]:
        _measure_pictures(models, options)
        return
    if not options["data"] and not options["hr"]:
        raise click.UsageError("name images: --data DIR, or --hr DIR with --lr DIR")
    if bool(options["hr"]) != bool(options["lr"]):
        raise click.UsageError("--hr and --lr belong together; for --hr alone use --data DIR")
    if not models and not options["scale"]:
        raise click.UsageError("name a MODEL, or --scale N for the table of bicubic interpolation")
    tables = _tables(options)
    writing = given_options(options, [written_suffix(options)])
    if writing and not any(options[name] for name in _PICTURES):
        raise click.UsageError("options of pictures need --save-images, --strips or --error-maps")

    from srcore.evaluation.measuring import choose_measures

    measures = choose_measures(options["metrics"] or "psnr,ssim", plugins().registry)
    contenders = _contenders(models, options, loading, enlarging)
    sets = [found for scale in contenders for found in _sets(options, scale, contenders[scale])]
    _check_places(models, contenders, sets, tables, options)
    results, failed = _evaluate(sets, contenders, measures, options, writing)
    _write(results, measures, tables, options)
    if failed:
        total = sum(map(len, sets))
        say(f"srcore: {total - failed} images measured, {failed} failed and left out", err=True)
        raise click.exceptions.Exit(1)


def _tables(options: dict[str, Any]) -> dict[str, Path | None]:
    """Files of tables by option; those that exist are refused."""
    names = ("csv_file", "markdown_file", "latex_file", "json_file")
    _refuse_existing([options[name] for name in names], overwrite=options["overwrite"])
    return {name: options[name] for name in names}


def _measure_pictures(models: Sequence[str], options: dict[str, Any]) -> None:
    """Pictures that other programs made; no network runs."""
    unfit = [name for name in ("data", "lr", *_PICTURES) if options[name]]
    if models or unfit or len(options["scale"]) > 1:
        what = "a MODEL" if models else f"--{(unfit or ['several --scale'])[0].replace('_', '-')}"
        raise click.UsageError(f"--pictures are measured as they are: {what} does not belong there")
    tables = _tables(options)

    from srcore.evaluation.measuring import choose_measures
    from srcore.evaluation.pictures import measure_pictures
    from srcore.files.replacing import refuse_replacing, refuse_sharing

    measures = choose_measures(
        options["metrics"] or ("psnr,ssim" if options["hr"] else "niqe"), plugins().registry
    )
    blind = [measure.label for measure in measures if measure.needs_hr]
    if blind and not options["hr"]:
        raise click.UsageError(f"{', '.join(blind)} compares with a truth: name it by --hr DIR")
    folders: dict[str, Path] = {}
    for given in options["pictures"]:
        folder = _weights_file(given)
        name = folder.resolve().name if folder == Path(given) else given.partition("=")[0]
        if not folder.is_dir():
            raise click.UsageError(f"--pictures {given}: no such folder: {folder}")
        if name in folders:
            raise click.UsageError(f"two folders are called {name}; use NAME=DIR")
        folders[name] = folder
    written = [(path, name.replace("_file", "")) for name, path in tables.items() if path]
    refuse_sharing(written)
    inputs = [
        file for folder in (*folders.values(), options["hr"]) if folder for file in folder.iterdir()
    ]
    refuse_replacing(inputs, [path for path, _ in written])
    failed: list[str] = []
    result = measure_pictures(
        folders, options["hr"], measures, scale=next(iter(options["scale"]), 0),
        crop_border=options["crop_border"], on_failure=_telling(failed),
    )  # fmt: skip
    _write([result], measures, tables, options)
    if failed:
        say(f"srcore: {len(result.images)} images measured, {len(failed)} failed", err=True)
        raise click.exceptions.Exit(1)


def _check_places(
    models: Sequence[str],
    contenders: dict[int, list[Contender]],
    sets: Sequence[ImageSet],
    tables: dict[str, Path | None],
    options: dict[str, Any],
) -> None:
    """Nothing that is written may be there already unasked, be an input, or be written twice."""
    from srcore.files.replacing import refuse_replacing, refuse_sharing

    written = [(path, name.replace("_file", "")) for name, path in tables.items() if path]
    refuse_sharing(written)
    folders = {folder for found in sets for folder in found.folders}
    inputs = [file for folder in folders for file in folder.iterdir()]
    refuse_replacing([*map(_weights_file, models), *inputs], [path for path, _ in written])
    chosen = [name for name in _PICTURES if options[name]]
    if not chosen:
        return
    _check_names(contenders, sets)
    places, inner = [], []
    for found in sets:
        for name in chosen:
            places.append(options[name] / f"{found.name}_x{found.scale}")
            if name != "strips":  # those hold all models
                label = f"--{name.replace('_', '-')}"
                inner += [(places[-1] / entry.name, label) for entry in contenders[found.scale]]
    _refuse_existing(places, overwrite=options["overwrite"])
    refuse_sharing(inner)
    refuse_replacing(folders, [*places, *(path for path, _ in inner)])


def _check_names(contenders: dict[int, list[Contender]], sets: Sequence[ImageSet]) -> None:
    """Models and sets name folders of pictures."""
    from srcore.config.names import name_complaint, same_names

    for scale, entries in contenders.items():
        own = [found.name for found in sets if found.scale == scale]
        for name in (*(entry.name for entry in entries), *"/".join(own).split("/")):
            if name_complaint(name):
                raise click.UsageError(f"{name_complaint(name)}; use NAME=FILE, NAME=DIR")
        for first, second in (*same_names(entry.name for entry in entries), *same_names(own)):
            raise click.UsageError(
                f'pictures of "{first}" and "{second}" would share a folder; name them apart: '
                "NAME=FILE, NAME=DIR"
            )


def _weights_file(model: str) -> Path:
    """The file of ``FILE`` or ``NAME=FILE``."""
    _, separator, path = model.partition("=")
    return Path(path) if separator and not Path(model).exists() else Path(model)


#: What is measured of networks that do not make RGB, by their channels.
_MEASURED = {
    1: "makes gray images; what is not measured on Y counts the colours that they lack",
    4: "sees alpha and makes it; measured are the colours alone",
}


def _contenders(
    models: Sequence[str], options: dict[str, Any], loading: Loading, enlarging: UpscaleOptions
) -> dict[int, list[Contender]]:
    """By scale; interpolations first."""
    from srcore.evaluation.interpolation import interpolation

    beside = [name.strip() for name in options["interpolation"].split(",") if name.strip()]
    found = [_contender(model, loading, enlarging) for model in models]
    names = [contender.name for contender in found]
    for name in names:
        if names.count(name) > 1 or name in beside:
            raise click.UsageError(f"two models are called {name}; use NAME=FILE")
    scales = sorted({contender.scale for contender in found} | set(options["scale"]))
    return {
        scale: [
            *(interpolation(name, scale) for name in beside),
            *(entry for entry in found if entry.scale == scale),
        ]
        for scale in scales
    }


def _contender(model: str, loading: Loading, enlarging: UpscaleOptions) -> Contender:
    from srcore.capabilities import RGB, capability
    from srcore.evaluation.measuring import Contender
    from srcore.inference.upscaler import upscale

    path = _weights_file(model)
    name = model.partition("=")[0]
    if path == Path(model):
        # Runs call all their files generator.safetensors; their folders tell them apart.
        name = path.resolve().parent.name if path.stem == "generator" else path.stem
    network = loading.load(path)
    scale = int(network.scale)  # type: ignore[arg-type]  # an int by the contract

    from srcore.images import to_rgb
    from srcore.options.declaration import keywords

    def run(lr: Any) -> Any:
        return to_rgb(upscale(network, lr, **keywords(enlarging)))

    seen = int(capability("network", network, "in_channels"))
    if seen != RGB:
        say(f"srcore: {name}: {_MEASURED[seen]}", err=True)
    return Contender(name, scale, run, channels=max(seen, RGB))


def _sets(options: dict[str, Any], scale: int, contenders: Sequence[Contender]) -> list[ImageSet]:
    """The sets, with alpha where a network sees it."""
    from srcore.evaluation.image_sets import find_sets, paired_set, told_apart

    channels = max(entry.channels for entry in contenders)
    if options["hr"]:
        return [paired_set(options["hr"], options["lr"], scale, channels=channels)]
    return told_apart(
        [
            found
            for argument in options["data"]
            for found in find_sets(
                argument, scale, channels=channels, downscale=options["downscale"]
            )
        ]
    )


def _evaluate(
    sets: Sequence[ImageSet],
    contenders: dict[int, list[Contender]],
    measures: Sequence[Measure],
    options: dict[str, Any],
    writing: dict[str, Any],
) -> tuple[list[SetResult], int]:
    """Results of the sets, and how many images could not be measured; those are said."""
    from tqdm import tqdm

    from srcore.evaluation.measuring import evaluate_set
    from srcore.machine.terminal import width

    failed: list[str] = []
    hidden = options["quiet"] or not sys.stderr.isatty()
    total = sum(len(found) * len(contenders[found.scale]) for found in sets)
    with tqdm(total=total, disable=hidden, unit="image", **width()) as bar:
        results = [
            evaluate_set(
                found,
                contenders[found.scale],
                measures,
                crop_border=options["crop_border"],
                look=_painter(found.scale, options, writing),
                progress=bar.update,
                on_failure=_telling(failed),
            )
            for found in sets
        ]
    return results, len(failed)


def _telling(failed: list[str]) -> Callable[[str, DataError], None]:
    """Says of an image why it cannot be measured, and adds its name."""

    def fail(name: str, error: DataError) -> None:
        failed.append(name)
        say(f"srcore: {error}", err=True)

    return fail


def _painter(
    scale: int, options: dict[str, Any], writing: dict[str, Any]
) -> Callable[[Comparison], None] | None:
    """Writes the pictures that were asked for."""
    if not any(options[name] for name in _PICTURES):
        return None
    from srcore.evaluation.comparison import error_map, strip
    from srcore.images import write_image

    suffix = written_suffix(options)

    def write(path: Path, picture: Any) -> None:
        write_image(path, picture, options=writing, durable=False)

    def paint(pictures: Comparison) -> None:
        folder, file = f"{pictures.set_name}_x{scale}", f"{pictures.image}{suffix}"
        for name, sr in pictures.sr.items():
            if options["save_images"]:
                write(options["save_images"] / folder / name / file, sr)
            if options["error_maps"]:
                drawn = error_map(sr, pictures.hr)
                write(options["error_maps"] / folder / name / file, drawn)
        if options["strips"]:
            drawn = strip({**pictures.sr, "HR": pictures.hr})
            write(options["strips"] / folder / file, drawn)

    return paint


def _refuse_existing(paths: Sequence[Path | None], *, overwrite: bool) -> None:
    for path in paths:
        if path is not None and path.exists() and not overwrite:
            raise click.UsageError(f"{path}: exists; --overwrite replaces it")


def _write(
    results: Sequence[SetResult],
    measures: Sequence[Measure],
    tables: dict[str, Path | None],
    options: dict[str, Any],
) -> None:
    from srcore.evaluation.tables import as_csv, as_json, as_latex, as_markdown, as_text
    from srcore.files.atomic import write_bytes

    contents = {
        "csv_file": as_csv(results, measures),
        "markdown_file": as_markdown(results, measures),
        "latex_file": as_latex(results, measures),
        "json_file": as_json(results),
    }
    for name, path in tables.items():
        if path is not None:
            write_bytes(path, contents[name].encode("utf-8", "surrogateescape"))
    for result in results:
        for row in result.rows:
            for note in row.notes:
                say(f"srcore: {result.name}, {row.contender}: {note}", err=True)
    if options["print_json"]:
        click.echo(as_json(results), nl=False)
    else:
        click.echo(as_text(results, measures, per_image=options["per_image"]))
