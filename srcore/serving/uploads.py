"""Pictures that clients send: streamed to a file, refused when they are too large."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from email.message import Message
from io import BufferedIOBase
from pathlib import Path

from srcore.errors import DataError
from srcore.serving.gate import Refusal

_PIECE = 1 << 16
#: Bytes and seconds of a refused picture that are read and forgotten, so that the client, which
#: still sends it, hears why.
_DRAINED, _DRAINING = 1 << 26, 2.0


class LostClientError(Exception):
    """The client went away, or sends too slowly."""


def length_refusal(headers: Message, most: int) -> Refusal | None:
    """Why a picture is not even received; None if it is.

    Args:
        headers: of its request.
        most: bytes that are taken.
    """
    if headers.get("Transfer-Encoding") is not None:
        return Refusal(411, "Content-Length is needed; send the picture in one piece")
    lengths = headers.get_all("Content-Length", [])
    if not lengths:
        return Refusal(411, "Content-Length is needed; send the picture as the body")
    if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        return Refusal(400, "Content-Length: expected one number of bytes")
    # Longer numbers are not even converted
    if len(lengths[0]) > 18 or int(lengths[0]) > most:
        return Refusal(
            413,
            f"the picture is larger than {most / 1e6:.0f} MB, which srcore serve --max-upload sets",
        )
    return None


def receive(body: BufferedIOBase, length: int, file: Path, alive: Callable[[], bool]) -> None:
    """Write what a client sends to a file.

    Args:
        body: where it comes from.
        length: bytes.
        file: new file.
        alive: whether somebody still wants it; asked now and then.

    Raises:
        LostClientError: less came than was promised, or nobody wants it any more.
        DataError: it cannot be written.
    """
    left = length
    try:
        with file.open("xb") as target:
            while left:
                piece = _read(body, min(left, _PIECE))
                if not piece or not alive():
                    raise LostClientError
                target.write(piece)
                left -= len(piece)
    except OSError as error:
        raise DataError(f"the picture cannot be kept: {error.strerror or error}") from error


def _read(body: BufferedIOBase, most: int) -> bytes:
    try:
        return body.read(most)
    except OSError as error:  # also a time-out
        raise LostClientError from error


def drain(connection: socket.socket) -> None:
    """Read what a refused client still sends, for a moment: else it hears of a reset instead."""
    end, left = time.monotonic() + _DRAINING, _DRAINED
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_DRAINING)
        while left > 0 and time.monotonic() < end:
            piece = connection.recv(_PIECE)
            if not piece:
                return
            left -= len(piece)
