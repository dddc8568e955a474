"""Enlarge images with a generator."""

from __future__ import annotations

import contextlib

import attrs
import click

from srcore.cli.flags import flags
from srcore.cli.upscale_flags import FILMS, UpscaleRequest, upscale_flags
from srcore.cli.upscale_results import interruptible, say_result, say_results
from srcore.cli.usage import refuse_exclusive
from srcore.cli.writing import WritingCommand
from srcore.films.options import FilmOptions


@click.command(
    cls=WritingCommand,
    before="depth",
    written="Format where --output does not name one; same: that of each input.",
    of_inputs=True,
)
@upscale_flags(
    flags("films", FilmOptions, heading=FILMS),
    click.option(
        "--shared",
        is_flag=True,
        help="Other processes with this command take part, here or on other machines; each takes "
        "what is next. Includes --resume.",
    ),
)
def command(request: UpscaleRequest, films: FilmOptions, shared: bool) -> None:
    """Enlarge INPUT: image files, films, folders, tar shards, addresses, or quoted patterns.

    Gray stays gray, 16 bits stay 16 bits, alpha is enlarged too, the EXIF orientation is applied
    and color profile, EXIF data and DPI kept as far as the format holds them; what is not kept is
    said. Without --output, a.jpg becomes a_x2.png beside it, and the images of
    the folder photos go to photos_x2. An output is a file name (one input), a folder, or a
    template of {stem} {name} {suffix} {folder} {scale}.

    Results are never cut off: a file appears when it is complete. Images that cannot be read are
    reported, the others are done, and the exit code is 1. Paths of results go to standard output.

    A shard (.tar), or a folder of shards, is read as the folder that was packed. Addresses
    (https://, s3://, gs://, ...) of images, shards, folders of either and patterns need
    srcore[remote], srcore[s3] or srcore[gs]. Results of shards and addresses need --output.

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
      srcore upscale shards/ -o enlarged/ --shared
      srcore upscale s3://bucket/photos/ https://host/photo.jpg -o enlarged/ --recursive
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.cli.upscale_job import Outcome, UpscaleJob
    from srcore.cli.upscale_plan import planned_upscale
    from srcore.upscaling.failure_report import FailureReport

    refuse_exclusive(shared=shared, overwrite=request.overwrite)
    with interruptible():
        planned = planned_upscale(request)
        job = UpscaleJob(
            network=planned.network,
            tasks=planned.tasks,
            unreadable=planned.unreadable,
            settings=planned.settings,
            films=films,
            report=FailureReport(request.failures),
            resume=request.resume or shared,
            overwrite=request.overwrite,
            shared=shared,
            quiet=request.quiet,
        )
        done = Outcome()
        use = (planned.weights, attrs.evolve(request.loading, device="", yes=False))
        with contextlib.closing(job.results(use, done)) as results:
            for result in results:
                say_result(result, says_paths=not request.as_json)
    say_results(done.results, as_json=request.as_json)
    done.say_rates(is_asked=shared)
    if done.has_failures:
        raise click.exceptions.Exit(1)
