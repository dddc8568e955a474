"""How films are read and written: keywords in Python, flags of ``srcore upscale``."""

from __future__ import annotations

from typing import Annotated

import attrs

from srcore.films.codecs import (
    CODECS,
    CodecName,
    automatic_in_words,
    crf_in_words,
    presets_in_words,
)
from srcore.options import option


@attrs.frozen(kw_only=True)
class FilmOptions:
    """How a film is read and written.

    Attributes:
        codec: what the upscaled frames are encoded with; ``"auto"``: see
            :func:`srcore.films.codecs.automatic`.
        crf: how much is lost, the codec's own measure; None: that of
            :data:`srcore.films.codecs.CODECS`.
        preset: how long the encoder tries, the codec's own word or number.
        deinterlace: make whole frames of interlaced ones; else they are refused.
        skip_damaged: leave out frames that are damaged; else the film is refused at the first.
        segment: frames that are kept together when a job is stopped; each begins with a frame of
            its own.
    """

    codec: CodecName = option(
        "auto",
        f"of films: {automatic_in_words()}, if auto; ffv1 loses nothing",
    )
    crf: float | None = option(
        None,
        f"of films, the larger the worse: {crf_in_words()} without it",
        ge=0,
        le=max(codec.largest_crf for codec in CODECS.values()),
    )
    preset: Annotated[str | None, "WORD"] = option(
        None,
        f"of films, how long the encoder tries: {presets_in_words()}",
    )
    deinterlace: bool = option(False, "make whole frames of the fields of an interlaced film")
    skip_damaged: bool = option(False, "leave out damaged frames of a film, each with a line")
    segment: int = option(
        120, "frames of a film that resuming need not do again, once they are done", ge=1, le=100000
    )
