"""One film: its frames through the network, part by part, and all else copied."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from torch import nn

from srcore import __version__
from srcore.capabilities import capability
from srcore.errors import DataError
from srcore.films.colors import FrameConversion, Layout, tag
from srcore.films.encoding import Encoding, choose, encoding_settings, even_sides, fitting_format
from srcore.films.facts import Film
from srcore.films.joining import join, refuse_empty, try_container
from srcore.films.library import import_av
from srcore.films.names import ISO_SUFFIXES, WRITTEN_IN_WORDS, is_written_film
from srcore.films.options import FilmOptions
from srcore.films.parts import FilmParts, Packet, parts_folder
from srcore.films.reading import Frame, read_frames
from srcore.images import ImageArray, Origin
from srcore.inference.channels import shown_to
from srcore.inference.upscaler import upscale_bands
from srcore.options.spelling import Placeholder, spelled
from srcore.runs.exports import hash_of
from srcore.runs.lock import locked
from srcore.upscaling.batch import Settings
from srcore.upscaling.sizing import TargetSize, middle


@attrs.frozen(kw_only=True)
class FilmJob:
    """One film that is upscaled.

    Attributes:
        network: generator on its device.
        film: what is known of the source.
        target: the file that is written.
        settings: how frames are upscaled.
        options: how films are read and written.
        size: of the upscaled frames.
        encoding: of them.
        notes: what of the film is not in the result, or otherwise.
    """

    network: nn.Module
    film: Film
    target: Path
    settings: Settings
    options: FilmOptions
    size: TargetSize
    encoding: Encoding
    notes: tuple[str, ...]

    @classmethod
    def plan(
        cls,
        network: nn.Module,
        source: Path,
        target: Path,
        settings: Settings,
        options: FilmOptions,
    ) -> FilmJob:
        """Look into a film and settle how it will be written; nothing is computed yet.

        Raises:
            SrcoreError: it cannot be read, or the output cannot hold the result.
        """
        refuse_target(target)
        film = Film.read(source)
        if film.is_interlaced and not options.deinterlace:
            raise DataError(
                f"{source}: the film is interlaced; {spelled('deinterlace', True)} makes whole "
                "frames of its fields"
            )
        fitting = settings.fitting
        if film.layout.has_alpha and fitting.background is None:
            raise DataError(
                f"{source}: the film is transparent, which is not written; "
                f"{spelled('background', Placeholder('COLOR'))} lays it on a color"
            )
        bits = 8 if fitting.depth == 8 else film.layout.bits
        name = choose(options, target, bits)
        pixel_format = fitting_format(name, film.layout, bits)
        size = settings.sizing.target(*film.size, capability("network", network, "scale"))
        height, width = even_sides(name, pixel_format, size.final)
        encoding = Encoding(
            name=name,
            settings=encoding_settings(name, options),
            pixel_format=pixel_format,
            height=height,
            width=width,
            colors=film.colors,
            aspect=film.aspect,
            time_base=film.time_base,
            rate=film.rate,
            in_iso=target.suffix.lower() in ISO_SUFFIXES,
        )
        encoding.context(target)  # refuses what the encoder does not take
        left_out = try_container(film, encoding, target, strip=fitting.strip)
        notes = (*_unlike_film(film, encoding, size, bits), *([left_out] if left_out else []))
        return cls(
            network=network, film=film, target=target, settings=settings, options=options,
            size=size, encoding=encoding, notes=notes,
        )  # fmt: skip

    def run(
        self,
        progress: Callable[[int], object],
        tell: Callable[[str], object],
        *,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Upscale the film.

        Args:
            progress: called with numbers of finished frames.
            tell: called with a line for every damaged frame that is left out.
            resume: go on with the parts of a job that was stopped.
            overwrite: delete them.

        Raises:
            SrcoreError: damage, no space left, parts of another job, another process at work.
        """
        folder = parts_folder(self.target)
        parts = FilmParts(folder)
        with locked(folder, otherwise="choose another output"):
            parts.begin(self._described(), resume=resume, overwrite=overwrite)
            count = 0
            frames = read_frames(self.film, self.options, tell)
            while (first := next(frames, None)) is not None:
                part = chain([first], islice(frames, self.options.segment - 1))
                if parts.has(count):
                    progress(sum(1 for _ in part))
                else:
                    parts.write(count, self._encoded(part, progress))
                count += 1
            refuse_empty(self.film, count)
            strip = self.settings.fitting.strip
            join(self.film, self.encoding, parts, count, self.target, strip=strip)
            parts.delete()
        with contextlib.suppress(OSError):
            folder.rmdir()

    def _encoded(
        self, frames: Iterator[Frame], progress: Callable[[int], object]
    ) -> Iterator[Packet]:
        context = self.encoding.context(self.target)
        durations: dict[int, int] = {}

        def packets(made: Any) -> Iterator[Packet]:
            for packet in made:
                duration = durations.pop(packet.pts)
                yield Packet(packet.pts, duration, packet.is_keyframe, bytes(packet))

        conversion = FrameConversion(self.film.colors, self.film.layout)
        for frame in frames:
            image = self.film.orientation.upright(conversion.array(frame.content))
            content = conversion.frame(self._upscaled(image), self.encoding.pixel_format)
            content.pts, content.time_base = frame.time, self.film.time_base
            tag(content, self.film.colors, self.encoding.pixel_format)
            durations[frame.time] = frame.duration
            yield from packets(context.encode(content))
            progress(1)
        yield from packets(context.encode(None))

    def _upscaled(self, image: ImageArray) -> ImageArray:
        """A frame ``(H, W, C)`` upscaled, with sides that the encoder takes."""
        bands = upscale_bands(
            self.network,
            shown_to(self.network, image),
            self.settings.upscaling,
            size=self.size.resized,
            registry=self.settings.registry,
        )
        fitted = map(self.settings.fitting.apply, middle(bands, self.size))
        result = np.concatenate(list(fitted))
        bottom, right = (
            self.encoding.height - result.shape[0],
            self.encoding.width - result.shape[1],
        )
        return np.pad(result, ((0, bottom), (0, right), (0, 0)), mode="edge")

    def _described(self) -> dict[str, Any]:
        """All on which the parts depend, named as messages name it."""
        upscaling = attrs.asdict(self.settings.upscaling)
        return {
            "source": Origin.of(self.film.path).digest,
            "weights": f"{type(self.network).__qualname__} {hash_of(self.network.state_dict())}",
            "size": [*self.size.resized, *self.size.final],
            "options of upscaling": {name: str(it) for name, it in upscaling.items()},
            "background or depth": str(attrs.evolve(self.settings.fitting, strip=False)),
            "encoder settings": {
                name: str(it) for name, it in attrs.asdict(self.encoding, recurse=False).items()
            },
            "options of films": attrs.asdict(self.options),
            "version of srcore": __version__,
        }


def refuse_target(target: Path) -> None:
    """Refuse a file that is no film by its name.

    Raises:
        DataError: its suffix is none of a film that can be written.
    """
    if not is_written_film(target):
        raise DataError(f"{target}: unknown film format; use {WRITTEN_IN_WORDS}")


def _unlike_film(film: Film, encoding: Encoding, size: TargetSize, bits: int) -> list[str]:
    """Lines about what the result has otherwise than the film."""
    lines = []
    height, width = size.final
    if (encoding.height, encoding.width) != size.final:
        lines.append(
            f"{width}x{height} pixels become {encoding.width}x{encoding.height} by repeating the "
            f"last row or column: {encoding.name} takes even sides only"
        )
    written = Layout.of(import_av().VideoFormat(encoding.pixel_format, 16, 16))
    if written.bits < bits:
        lines.append(f"{bits} bits become {written.bits}: {encoding.name} holds no more here")
    if film.layout.chroma in ("422", "444") and written.chroma != film.layout.chroma:
        lines.append(f"colors of {film.layout.chroma} become {written.chroma} with {encoding.name}")
    if film.lost:
        lines.append(f"not kept: {', '.join(film.lost)}")
    is_matroska = not encoding.in_iso
    if is_matroska and (film.time_base / Fraction(1, 1000)).denominator != 1:
        lines.append("times are rounded to milliseconds, the unit of Matroska")
    return lines
