"""How a network is run on an image: keywords in Python, flags of commands."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import attrs

from srcore.machine.device_names import UsePrecision
from srcore.options import option

Tile = int | Literal["auto"] | None
Overlap = int | Literal["auto"]

#: Shorter tiles hold more context than image.
SMALLEST_TILE = 16

#: ``border`` of commands whose results are looked at; what is measured has 0, as papers have it.
BORDER_FOR_VIEWERS = 8


def _whole_at_least(least: int, expected: str, *words: object) -> Callable[[Any], str]:
    """A check for whole numbers (NumPy's, too): a caller in Python may give anything."""

    def check(value: object) -> str:
        is_word = isinstance(value, (str, type(None))) and value in words
        if is_word or (isinstance(value, numbers.Integral) and int(value) >= least):
            return ""
        return f"expected {expected}, found {value}"

    return check


_PIXELS = "a number of pixels >= 0"


@attrs.frozen(kw_only=True)
class UpscaleOptions:
    """How an image is enlarged; :func:`srcore.upscale` explains each as a keyword."""

    tile: Tile = option(
        "auto",
        "side of a tile in input pixels, auto (by free memory) or none (whole image)",
        check=_whole_at_least(SMALLEST_TILE, f"at least {SMALLEST_TILE} pixels", "auto", None),
    )
    overlap: Overlap = option(
        "auto", "context around a tile in input pixels", check=_whole_at_least(0, _PIXELS, "auto")
    )
    border: int = option(
        0,
        "input pixels mirrored beyond the edges, against colored rims",
        ge=0,
        check=_whole_at_least(0, _PIXELS),
    )
    batch: int = option(1, "tiles at a time", ge=1, check=_whole_at_least(1, "at least 1"))
    precision: UsePrecision = option("float32", "what the network computes in")
    backend: Annotated[str, "NAME"] = option(
        "torch",
        "what computes the network: torch, compile, cudagraphs (GPU), onnxruntime, openvino, ncnn, "
        "a plugin's, or auto, the fastest of these that are quickly ready",
    )
    calibration: Path | None = option(
        None,
        "folder of images such as those to be enlarged; precision int8 is scaled by them",
        path="folder",
    )
    self_ensemble: bool = option(False, "average of 8 flipped and turned runs")
    seed: int = option(0, "of what a sampling network draws", ge=0, le=2**63 - 1)
