"""Frames of videos by PyAV: a film of a moving image is encoded and decoded."""

from __future__ import annotations

import io
import os
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor

from srcore.errors import MissingExtraError
from srcore.transforms.batch import uniform
from srplug_degradations.arrays import RgbArray, each
from srplug_degradations.base import ImageDegradation, draw_numbers
from srplug_degradations.options import VideoOptions

#: Least side of a frame that all encoders take.
_LEAST = 64


@attrs.frozen
class Codec:
    """An encoder of FFmpeg: its name, and settings that make it quick and always the same."""

    encoder: str
    settings: dict[str, str]


CODECS = {
    "h264": Codec("libx264", {"preset": "veryfast", "threads": "1"}),
    "h265": Codec(
        "libx265",
        {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    ),
    "vp9": Codec("libvpx-vp9", {"b": "0", "deadline": "realtime", "cpu-used": "8", "threads": "1"}),
    "av1": Codec("libsvtav1", {"preset": "12", "svtav1-params": "lp=1"}),
}


def import_av() -> Any:
    """PyAV, imported when a film is encoded.

    Raises:
        MissingExtraError: it is not installed.
    """
    os.environ.setdefault("SVT_LOG", "1")  # its encoder of AV1 tells 20 lines of every film
    try:
        import av
    except ImportError as error:
        raise MissingExtraError('transform "video"', "video", "srplug-degradations") from error
    av.logging.set_level(av.logging.PANIC)
    return av


def last_frame(films: list[RgbArray], codec: str, crf: int) -> RgbArray:
    """The last frame ``(H, W, 3)`` uint8 of a film, encoded and decoded; sides are even."""
    av = import_av()
    chosen, file = CODECS[codec], io.BytesIO()
    height, width = films[0].shape[:2]
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream(
            chosen.encoder, rate=25, options={**chosen.settings, "crf": str(crf)}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for array in films:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        *_, frame = container.decode(video=0)
        decoded: RgbArray = frame.to_ndarray(format="rgb24")
    return decoded


def film(array: RgbArray, frames: int, step: tuple[float, float]) -> list[RgbArray]:
    """An image that comes to rest at its place in the last frame; edges go on beyond it.

    Args:
        array: ``(H, W, 3)``.
        frames: how many.
        step: pixels down and right from frame to frame, rounded as they add up.
    """
    height, width = array.shape[:2]
    moved = []
    for number in range(frames):
        down, right = (round(size * (number - frames + 1)) for size in step)
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        columns = np.clip(np.arange(width) - right, 0, width - 1)
        moved.append(np.ascontiguousarray(array[rows][:, columns]))
    return moved


class Video(ImageDegradation):
    """Transform ``video``.

    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = Video(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "video", VideoOptions

    def __init__(self, *, scale: int, **keys: Any) -> None:
        super().__init__(scale=scale, **keys)
        import_av()

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Every image with a codec, a strength and a motion of its own."""
        options, count = self.options, len(image)
        drawn = draw_numbers(count, len(options.codecs), generator)
        places = uniform((0.0, 1.0), count, generator).tolist()
        low, high = options.frames
        frames = [low + it for it in draw_numbers(count, high - low + 1, generator)]
        speed = uniform(options.motion, count, generator)
        angle = uniform((0.0, 2 * torch.pi), count, generator)
        steps = torch.stack((speed * angle.sin(), speed * angle.cos()), dim=1).tolist()

        def change(n: int, array: RgbArray) -> RgbArray:
            codec = options.codecs[drawn[n]]
            least, most = getattr(options, f"{codec}_crf")
            crf = round(least + (most - least) * places[n])
            height, width = array.shape[:2]
            bottom, right = (max(_LEAST, side + side % 2) - side for side in (height, width))
            padded = np.pad(array, ((0, bottom), (0, right), (0, 0)), mode="edge")
            whole = last_frame(film(padded, frames[n], tuple(steps[n])), codec, crf)
            return whole[:height, :width]

        return each(image, change)
