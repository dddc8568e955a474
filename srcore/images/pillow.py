"""Reading and writing by Pillow, whose formats are always named: no other decoder is ever tried."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from srcore.errors import SrcoreError
from srcore.images.format import ImageArray, Picture, Where, damaged, truncated
from srcore.images.metadata import Metadata
from srcore.images.samples import bands

_lock = threading.Lock()
_readers = 0
_after_the_last = ExitStack()


@contextmanager
def _lenient() -> Iterator[None]:
    """Read images of any size, and hear nothing of odd metadata, which do not concern the pixels.

    Pillow refuses images above 179 megapixels as suspected attacks; phones take larger ones. Its
    limit is one for the whole program and is asked inside its decoders of GIF, WebP and TIFF and by
    ``crop`` as well, so no call alone can be without it; nor can Python's filters of warnings. As
    threads end in another order than they began, the first reader changes both, and the last one
    restores them.
    """
    global _readers
    with _lock:
        if not _readers:
            _after_the_last.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
            _after_the_last.enter_context(warnings.catch_warnings())
            Image.MAX_IMAGE_PIXELS = None
            warnings.simplefilter("ignore", UserWarning)
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if not _readers:
                _after_the_last.close()


@contextmanager
def open_in_pillow(file: BinaryIO, kind: str, where: Where) -> Iterator[Image.Image]:
    """A file in Pillow.

    Raises:
        DataError: whatever goes wrong with its content; names the file.
    """
    try:
        with _lenient(), Image.open(file, formats=(kind,)) as image:
            yield image
    except UnidentifiedImageError:
        raise damaged(where, f"no {kind} picture in it") from None
    except (SrcoreError, MemoryError):
        raise
    except Exception as error:  # what a decoder raises for a broken file is not written down
        if isinstance(error, OSError) and error.errno is not None:
            raise
        # A JPEG that was closed after it was cut has its end, so it is damaged instead.
        if "truncated" in str(error) and kind != "JPEG":
            raise truncated(where) from error
        raise damaged(where, error) from error


def as_array(image: Image.Image, mode: str) -> ImageArray:
    """``(H, W, C)`` of a picture in this mode (L, LA, RGB, RGBA), some rows at a time.

    Pillow holds colors in 4 bytes per pixel and copies them more than once on their way out.
    """
    image.load()
    result = np.empty((image.height, image.width, len(mode)), np.uint8)
    for part in bands(image.height, image.width * len(mode)):
        rows = image.crop((0, part.start, image.width, part.stop))
        rows = rows if rows.mode == mode else rows.convert(mode)
        result[part] = np.asarray(rows).reshape(result[part].shape)
    return result


def decode_by_pillow(file: BinaryIO, kind: str, mode: str, where: Where) -> ImageArray:
    """``(H, W, C)`` of a file in this mode (L, LA, RGB, RGBA).

    Where it can, Pillow decodes right into memory that becomes the array, so that nothing is there
    twice.
    """
    file.seek(0)
    with open_in_pillow(file, kind, where) as image:
        if (image.mode, mode) not in _DECODED_AS:
            return as_array(image, mode)
        mode = _DECODED_AS[image.mode, mode]
        width, height = image.size
        memory = np.empty(width * height * len(mode), np.uint8)
        own = Image.frombuffer(mode, image.size, memory, "raw", mode, 0, 1)
        image._mode = mode
        image.im = own.im
        image.load()
        if image.im is not own.im:  # a version of Pillow that takes memory of its own
            memory[:] = np.asarray(image).ravel()
    del image, own
    if len(mode) == 1 or mode == "RGBA":
        return memory.reshape(height, width, -1)
    return _first_three(memory, mode, height, width)


#: Modes of a picture and of what is wanted -> one in which Pillow can use memory of others.
_DECODED_AS = {
    ("L", "L"): "L",
    ("RGB", "RGB"): "RGBX",
    ("RGBA", "RGBA"): "RGBA",
    ("CMYK", "RGB"): "CMYK",
}


def _first_three(memory: NDArray[np.uint8], mode: str, height: int, width: int) -> ImageArray:
    """RGB made of pixels of four bytes, in the same memory, of which a quarter is given back."""
    four, three = 4 * width, 3 * width
    for part in bands(height, four):
        rows: ImageArray = memory[four * part.start : four * part.stop].reshape(-1, width, 4)
        if mode == "CMYK":
            ink = Image.frombuffer(mode, (width, len(rows)), rows.copy(), "raw", mode, 0, 1)
            rows = np.asarray(ink.convert("RGB"))
        else:
            rows = cv2.cvtColor(rows, cv2.COLOR_RGBA2RGB)
        memory[three * part.start : three * part.stop] = rows.ravel()
    memory.resize(three * height, refcheck=False)
    return memory.reshape(height, width, 3)


def animation(
    data: bytes, kind: str, channels: int, where: Where, orientation: int = 1
) -> tuple[int, Iterator[Picture]]:
    """How often an animation is shown, and its pictures, each as it is shown and its time."""
    with open_in_pillow(io.BytesIO(data), kind, where) as image:
        plays = image.info.get("loop", 1 if kind == "GIF" else 0)
        if kind == "GIF" and plays and "loop" in image.info:
            plays += 1  # GIF counts repetitions
    return int(plays), _animated(data, kind, channels, where, orientation)


def _animated(
    data: bytes, kind: str, channels: int, where: Where, orientation: int
) -> Iterator[Picture]:
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    with open_in_pillow(io.BytesIO(data), kind, where) as image:
        # A PNG may have a picture for programs that show no animations.
        first = 1 if image.info.get("default_image") else 0
        for index in range(first, int(getattr(image, "n_frames", 1))):
            image.seek(index)
            image.load()
            time = float(image.info.get("duration") or 0)
            yield Picture(as_array(image, mode), time, orientation)


def saved_animation(
    pictures: Sequence[Picture], kind: str, plays: int, metadata: Metadata, **settings: Any
) -> bytes:
    """Content of an animation that Pillow writes."""
    first, *others = (_as_pillow(it.image) for it in pictures)
    times = [round(it.milliseconds) for it in pictures]
    settings.update(save_all=True, append_images=others, duration=times, loop=plays)
    if metadata.icc_profile is not None:
        settings["icc_profile"] = metadata.icc_profile
    if metadata.exif is not None:
        settings["exif"] = b"Exif\0\0" + metadata.exif
    buffer = io.BytesIO()
    first.save(buffer, kind, **settings)
    return buffer.getvalue()


def encode_by_pillow(image: ImageArray, kind: str, metadata: Metadata, **settings: Any) -> bytes:
    """Content of a file that Pillow writes; metadata are those that the format holds.

    The image is ``(H, W, C)`` in 0..255.
    """
    if metadata.icc_profile is not None:
        settings["icc_profile"] = metadata.icc_profile
    if metadata.exif is not None:
        settings["exif"] = b"Exif\0\0" + metadata.exif
    if metadata.dpi is not None:
        settings["dpi"] = metadata.dpi
    buffer = io.BytesIO()
    _as_pillow(image).save(buffer, kind, **settings)
    return buffer.getvalue()


def _as_pillow(image: ImageArray) -> Image.Image:
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    return Image.fromarray(np.ascontiguousarray(pixels))
