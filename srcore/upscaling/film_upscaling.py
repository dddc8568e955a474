"""One film from Python: what ``srcore.upscale_film`` is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from srcore.files.occupied import refuse_existing
from srcore.files.replacing import refuse_replacing
from srcore.films.codecs import CodecName
from srcore.films.options import FilmOptions
from srcore.inference.options import BORDER_FOR_VIEWERS, Tile, UpscaleOptions
from srcore.machine.device_names import UsePrecision
from srcore.plugin.blame import naming_exits
from srcore.plugin.registry import Registry
from srcore.upscaling.batch import Settings
from srcore.upscaling.film_job import FilmJob
from srcore.upscaling.fitting import Color, Fitting
from srcore.upscaling.sizing import Sizing, renamed_scale

_UPSCALING = UpscaleOptions()
_FILMS = FilmOptions()


@naming_exits(of_plugins_only=True)
def upscale_film(
    network: nn.Module,
    source: str | Path,
    target: str | Path,
    *,
    scale: float | None = None,
    codec: CodecName = _FILMS.codec,
    crf: float | None = _FILMS.crf,
    preset: str | None = _FILMS.preset,
    deinterlace: bool = _FILMS.deinterlace,
    skip_damaged: bool = _FILMS.skip_damaged,
    background: Color | None = None,
    segment: int = _FILMS.segment,
    tile: Tile = _UPSCALING.tile,
    border: int = BORDER_FOR_VIEWERS,
    precision: UsePrecision = _UPSCALING.precision,
    backend: str = _UPSCALING.backend,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
    registry: Registry | None = None,
    outscale: float | None = None,
) -> list[str]:
    """Upscale a film frame by frame; sound, subtitles, chapters and texts are copied.

    Needs PyAV (``pip install 'srcore[video]'``).

    >>> import tempfile, srcore
    >>> folder = Path(tempfile.mkdtemp())
    >>> film = srcore.testing.write_tiny_film(folder / "film.mp4", 3)
    >>> network = srcore.build("network", "edsr", scale=2, num_features=4, num_blocks=1)
    >>> srcore.upscale_film(network, film, folder / "large.mkv", codec="ffv1")
    ['times are rounded to milliseconds, the unit of Matroska']
    >>> sorted(file.name for file in folder.iterdir())
    ['film.mp4', 'large.mkv']

    Args:
        network: generator on its device, see :class:`srcore.contracts.Network`.
        source: the film.
        target: ``.mp4``, ``.mkv``, ``.mov`` or ``.webm``; appears when it is whole. Until then
            finished parts lie in ``<target>.parts``.
        scale: output side / input side; None: the network's scale.
        codec: ``"h264"``, ``"h265"``, ``"vp9"``, ``"av1"``, ``"ffv1"`` (loses nothing) or
            ``"auto"``: h264, of more than 8 bits h265, in ``.webm`` vp9.
        crf: how much is lost, the codec's own measure; None: its default here.
        preset: how long the encoder tries, the codec's own word or number.
        deinterlace: make whole frames of interlaced ones, which else are refused.
        skip_damaged: leave out damaged frames, at the first of which the film else is refused.
        background: what transparent frames are laid on, RGB of 8 bits; None: a transparent film is
            refused.
        segment: frames of a part.
        tile: as of :func:`srcore.upscale`.
        border: as of :func:`srcore.upscale`.
        precision: as of :func:`srcore.upscale`.
        backend: as of :func:`srcore.upscale`.
        resume: go on with parts of the same job that are there.
        overwrite: replace the target, and parts that are there.
        progress: called with the number of frames finished since the last call.
        registry: knows backends of plugins; None: the core's own.
        outscale: what ``scale`` was called; it goes away in the next minor version.

    Returns:
        Lines about what of the film is not in the result, or otherwise.

    Raises:
        SrcoreError: a film that cannot be read or is damaged, an output that does not hold it, one
            that exists, parts that nobody asked to go on with.
        MissingExtraError: PyAV is not installed.
    """
    scale = renamed_scale(scale, outscale)
    source, target = Path(source), Path(target)
    refuse_replacing([source], [target])
    refuse_existing([target], overwrite=overwrite)
    settings = Settings(
        sizing=Sizing(scale=scale),
        fitting=Fitting(background=background),
        upscaling=UpscaleOptions(tile=tile, border=border, precision=precision, backend=backend),
        registry=registry,
    )
    options = FilmOptions(
        codec=codec,
        crf=crf,
        preset=preset,
        deinterlace=deinterlace,
        skip_damaged=skip_damaged,
        segment=segment,
    )
    job = FilmJob.plan(network, source, target, settings, options)
    notes = list(job.notes)
    job.run(progress or _unwatched, notes.append, resume=resume, overwrite=overwrite)
    return notes


def _unwatched(count: int) -> None:
    pass
