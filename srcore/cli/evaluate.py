"""Measure generators on benchmark images, beside bicubic interpolation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from srcore.cli.console import say
from srcore.cli.evaluation.benchmark import Benchmark, named_path
from srcore.cli.evaluation.contenders import find_contenders
from srcore.cli.evaluation.work_flags import WorkFlags, contender_settings, metric_settings
from srcore.cli.evaluation.written_pictures import Painter, PictureFlags
from srcore.cli.evaluation.written_tables import Tables
from srcore.cli.flags import flags
from srcore.cli.loading import Loading
from srcore.cli.writing import WritingCommand, WritingFlags
from srcore.inference.options import UpscaleOptions

if TYPE_CHECKING:
    from tqdm import tqdm

    from srcore.errors import DataError
    from srcore.evaluation.evaluating import Contender, SetResult
    from srcore.evaluation.image_sets import ImageSet
    from srcore.evaluation.measure import Measure
    from srcore.evaluation.work import MeasuringWork


@click.command(cls=WritingCommand, before="overwrite", written="Format of pictures.")
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@flags("benchmark", Benchmark)
@flags("loading", Loading)
@flags(
    "upscaling",
    UpscaleOptions,
    ("seed", "precision", "backend", "calibration", "tile", "self_ensemble"),
    tile="none",
)
@flags("tables", Tables)
@flags("pictures", PictureFlags)
@flags("sharing", WorkFlags)
@click.option("--overwrite", is_flag=True, help="Replace tables and pictures that exist.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    models: tuple[str, ...],
    benchmark: Benchmark,
    loading: Loading,
    upscaling: UpscaleOptions,
    tables: Tables,
    pictures: PictureFlags,
    sharing: WorkFlags,
    overwrite: bool,
    quiet: bool,
    writing: WritingFlags,
) -> None:
    """Measure MODELs (weights files, names of models, NAME=MODEL) on benchmark images.

    Bicubic interpolation stands beside them. `srcore models` lists what has a name.

    A benchmark folder holds HR_x4 and LR_x4, GTmod12 and LRbicx4, HR and LR_bicubic/X4, or only
    high-resolution images, whose low-resolution ones are then made by MATLAB's bicubic. Without
    MODEL and with --scale, the table of bicubic interpolation is printed. Images that cannot be
    read are reported and left out, and the exit code is 1.

    With --pictures, folders of result pictures are measured instead, in the same tables.

    Of 1,000 images or more, values are kept in the user's cache until the tables are made: after a
    stop, the same command with --resume goes on. Values are the same by any number of --workers.

    \b
    Examples:
      srcore evaluate --scale 4 --data benchmark/Set5
      srcore evaluate runs/my_x4/generator.safetensors --data benchmark/
      srcore evaluate mine=a.safetensors theirs=b.pth --data Set5 --data Set14 --strips strips/
      srcore evaluate x4 bsrgan-x4 --data Set5 --metrics psnr,lpips
      srcore evaluate a.pth --hr DIV2K_valid_HR --lr DIV2K_valid_LR_bicubic/X4 --csv table.csv
      srcore evaluate a.pth --data Set5 --metrics psnr,ssim,psnr:y_channel=false,niqe --per-image
      srcore evaluate --pictures theirs=results/ --hr Set5/GTmod12 --scale 4 --latex table.tex
      srcore evaluate --pictures results/ --metrics niqe
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    if benchmark.pictures:
        _refuse_beside_pictures(models, benchmark, pictures)
        tables.refuse_existing(overwrite=overwrite)
        _evaluate_pictures(benchmark, tables, sharing, quiet=quiet)
        return
    benchmark.refuse_incomplete(models)
    tables.refuse_existing(overwrite=overwrite)
    options = pictures.given(writing)
    measures = benchmark.measures()
    contenders = find_contenders(models, benchmark, loading, upscaling)
    sets = [
        image_set
        for scale, entries in contenders.items()
        for image_set in benchmark.sets(scale, max(entry.channels for entry in entries))
    ]
    inputs = [
        file for image_set in sets for folder in image_set.folders for file in folder.iterdir()
    ]
    tables.refuse_inputs([*map(named_path, models), *inputs])
    pictures.refuse_taken(contenders, sets, overwrite=overwrite or sharing.resume)
    painters = {scale: pictures.painter(scale, writing.suffix, options) for scale in contenders}
    settings = {
        "contenders": contender_settings(contenders),
        "metrics": metric_settings(measures),
        "pictures": [pictures, writing.suffix, options],
    }
    work = sharing.work(list(map(len, sets)), settings)
    results, failed = _evaluate(sets, contenders, measures, benchmark, painters, work, quiet=quiet)
    tables.write(results, measures)
    _forget_values(work)
    _exit_if_failed(sum(map(len, sets)) - failed, failed, "failed and left out")


def _refuse_beside_pictures(
    models: Sequence[str], benchmark: Benchmark, pictures: PictureFlags
) -> None:
    """Pictures are measured as they are: no network runs."""
    beside = {"--data": benchmark.data, "--lr": benchmark.lr, **pictures.folders}
    unfit = ["a MODEL"] * bool(models) + [flag for flag, value in beside.items() if value]
    unfit += ["several --scale"] * (len(benchmark.scale) > 1)
    if unfit:
        raise click.UsageError(
            f"--pictures are measured as they are: {unfit[0]} does not belong there"
        )


def _evaluate_pictures(
    benchmark: Benchmark, tables: Tables, sharing: WorkFlags, *, quiet: bool
) -> None:
    """Pictures that other programs made."""
    from srcore.evaluation.given_pictures import measure_pictures
    from srcore.images import is_image_name

    measures = benchmark.measures()
    folders = benchmark.folders_of_pictures()
    read = [*[benchmark.hr] * (benchmark.hr is not None), *folders.values()]
    files = [list(folder.iterdir()) for folder in read if folder]
    tables.refuse_inputs([file for inside in files for file in inside])
    count = sum(map(is_image_name, files[0]))
    work = sharing.work([count], {"pictures": list(folders), "metrics": metric_settings(measures)})
    failed: list[str] = []
    with _image_bar(count * len(folders), quiet=quiet) as bar:
        result = measure_pictures(
            folders,
            benchmark.hr,
            measures,
            scale=next(iter(benchmark.scale), 0),
            crop_border=benchmark.crop_border,
            on_failure=_noting_failures(failed),
            progress=bar.update,
            work=work,
        )
    tables.write([result], measures)
    _forget_values(work)
    _exit_if_failed(len(result.images), len(failed), "failed")


def _evaluate(
    sets: Sequence[ImageSet],
    contenders: Mapping[int, Sequence[Contender]],
    measures: Sequence[Measure],
    benchmark: Benchmark,
    painters: Mapping[int, Painter | None],
    work: MeasuringWork,
    *,
    quiet: bool,
) -> tuple[list[SetResult], int]:
    """Results of the sets, and how many images could not be measured; those are said."""
    from srcore.evaluation.evaluating import evaluate_set

    failed: list[str] = []
    total = sum(len(image_set) * len(contenders[image_set.scale]) for image_set in sets)
    with _image_bar(total, quiet=quiet) as bar:
        results = [
            evaluate_set(
                image_set,
                contenders[image_set.scale],
                measures,
                crop_border=benchmark.crop_border,
                look=(painter := painters[image_set.scale]),
                is_written=None if painter is None else painter.is_written,
                progress=bar.update,
                on_failure=_noting_failures(failed),
                work=work,
            )
            for image_set in sets
        ]
    return results, len(failed)


def _image_bar(total: int, *, quiet: bool) -> tqdm[NoReturn]:
    from tqdm import tqdm

    from srcore.machine.terminal import on_terminal

    return tqdm(total=total, unit="image", **on_terminal(quiet=quiet))


def _forget_values(work: MeasuringWork) -> None:
    """The tables are made."""
    if work.record is not None:
        work.record.delete()


def _noting_failures(failed: list[str]) -> Callable[[str, DataError], None]:
    """Says of an image why it cannot be measured, and adds its name."""

    def fail(name: str, error: DataError) -> None:
        failed.append(name)
        say(f"srcore: {error}", err=True)

    return fail


def _exit_if_failed(measured: int, failed: int, what: str) -> None:
    if failed:
        say(f"srcore: {measured} images measured, {failed} {what}", err=True)
        raise click.exceptions.Exit(1)
