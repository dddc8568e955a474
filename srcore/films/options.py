"""How films are read and written: keywords in Python, flags of ``srcore upscale``."""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from srcore.options import option

CodecName = Literal["auto", "h264", "h265", "vp9", "av1", "ffv1"]


@attrs.frozen(kw_only=True)
class FilmOptions:
    """How a film is read and written.

    Attributes:
        codec: what the enlarged pictures are encoded with; ``"auto"``: h264, h265 for more than
            8 bits, vp9 in ``.webm``. ffv1 loses nothing.
        crf: how much is lost, the codec's own measure; None: its default here, 18 (h264),
            20 (h265), 24 (vp9, av1).
        preset: how long the encoder tries, the codec's own word or number.
        deinterlace: make whole frames of interlaced ones; else they are refused.
        skip_damaged: leave out frames that are damaged; else the film is refused at the first.
        segment: frames that are kept together when a job is stopped; each begins with a picture of
            its own.
    """

    codec: CodecName = option(
        "auto",
        "of films: h264, of more than 8 bits h265, in .webm vp9, if auto; ffv1 loses nothing",
    )
    crf: float | None = option(
        None,
        "of films, the larger the worse: 18 (h264), 20 (h265), 24 (vp9, av1) without it",
        ge=0,
        le=63,
    )
    preset: Annotated[str | None, "WORD"] = option(
        None,
        "of films, how long the encoder tries: ultrafast to placebo (h264, h265), 0 to 8 (vp9), "
        "0 to 13 (av1); without it medium, 3, 8",
    )
    deinterlace: bool = option(False, "make whole frames of the fields of an interlaced film")
    skip_damaged: bool = option(False, "leave out damaged frames of a film, each with a line")
    segment: int = option(
        120, "frames of a film that --resume need not do again, once they are done", ge=1, le=100000
    )
