"""PyAV, which reads and writes films: only here is it imported, and its errors become ours."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from srcore.errors import DataError, MissingExtraError

#: Containers that are opened. Others name further files or addresses, which nobody asked to open.
_CONTAINERS = "mov,mp4,matroska,webm,avi,mpeg,mpegvideo,mpegts,asf,flv,ogg,mxf,h264,hevc,ivf,nut"


def import_av() -> Any:
    """PyAV, imported when a film is opened.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("upscaling films", "video") from error
    av.logging.set_level(av.logging.PANIC)
    os.environ.setdefault("SVT_LOG", "1")  # the encoder of AV1 tells its settings otherwise
    return av


def is_installed() -> bool:
    """Whether films can be read; PyAV is not imported for it."""
    return find_spec("av") is not None


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A film to read.

    Raises:
        DataError: not there, not a film, cut off before it says what it holds, without frames.
    """
    av = import_av()
    try:
        if not path.is_file():
            raise DataError(f"{path}: no such file; expected a film")
        # In full: a name such as pipe:1.mp4 would be a protocol.
        film = av.open(
            str(path.absolute()),
            options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except av.error.FFmpegError as error:
        raise DataError(
            f"{path}: not a film that can be read, or cut off ({reason(error)}); expected mp4, "
            "mov, mkv, webm, avi, mpeg or the like"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    with film:
        yield film


def reason(error: BaseException) -> str:
    """What FFmpeg says, without the names and numbers that PyAV puts around it."""
    return str(getattr(error, "strerror", None) or error).rstrip(".")


@contextlib.contextmanager
def writing_errors(path: Path) -> Iterator[None]:
    """Errors of writing a film become a line about it.

    Raises:
        DataError: the disk is full, the folder is read-only, the container refuses something.
    """
    av = import_av()
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be written: {reason(error)}") from error
