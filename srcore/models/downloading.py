"""Fetching a file over HTTP, by pooch: whole and of the announced hash, or not at all.

A transfer that breaks off goes on where it was, if the server can do that, else it starts again.
"""

from __future__ import annotations

import errno
import io
import logging
import shutil
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from srcore.errors import DataError, MissingExtraError, WeightsError
from srcore.files.alone import alone
from srcore.files.atomic import writing
from srcore.files.hashing import sha256_of
from srcore.models.cache import VARIABLE, hash_fault
from srcore.models.source import size_of

logger = logging.getLogger("srcore")

#: Tries of one transfer, seconds between them, and seconds without a word from a server.
TRIES, PAUSE, SILENCE = 4, 1.0, 30.0
#: The most that a file may hold whose size nobody has announced.
MOST_BYTES = 16 * 10**9
#: Bytes that are written at a time.
PIECE = 1 << 16
#: What servers say that cannot serve now; everything else is final.
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class DownloadError(WeightsError):
    """A file could not be fetched."""


class _BrokenOffError(Exception):
    """A transfer ended early; another try may do."""


def download(url: str, target: Path, sha256: str, size: int = 0, *, what: str) -> Path:
    """Fetch a file, unless another process has done so meanwhile.

    Args:
        url: its address.
        target: where it goes; appears when it is complete and its hash is right.
        sha256: of its content.
        size: its bytes; 0: not known.
        what: names it in messages.

    Raises:
        MissingExtraError: pooch is not installed.
        DownloadError: it cannot be had; nothing is kept.
        DataError: it cannot be written.
    """
    try:
        import pooch  # noqa: F401 - whether it is there
    except ImportError:
        raise MissingExtraError("fetching models", "models") from None
    try:
        with alone(target, lambda: logger.warning("%s: another process fetches it; waiting", what)):
            if hash_fault(target, sha256):
                _refuse_full_disk(target.parent, size)
                with writing(target) as temporary:
                    _fetch(url, temporary, size, what)
                    _check(temporary, url, sha256, what)
    except OSError as error:
        _say_why_not_written(target, size, error)
    return target


def _fetch(url: str, file: Path, size: int, what: str) -> None:
    from tqdm import tqdm

    from srcore.machine.terminal import width

    hidden = not sys.stderr.isatty()
    with (
        file.open("r+b") as stream,
        tqdm(
            total=size or None, desc=what, unit="B", unit_scale=True, disable=hidden, **width()
        ) as bar,
    ):
        for attempt in range(TRIES):
            output = _Output(stream, size or MOST_BYTES, bar, url, what)
            try:
                _transfer(url, output)
                if stream.tell() < size:
                    raise _BrokenOffError(f"ends after {stream.tell()} of {size} bytes")
                return
            except _BrokenOffError as error:
                if attempt == TRIES - 1:
                    raise DownloadError(
                        f"{what}: {url}: {error}, {TRIES} times; try again later"
                    ) from error
                logger.debug("%s: %s: %s; trying again", what, url, error)
            time.sleep(PAUSE * 2**attempt)


class _Output(io.RawIOBase):
    """Takes what pooch receives; no more of it than the file may hold."""

    def __init__(self, stream: BinaryIO, most: int, bar: Any, url: str, what: str) -> None:
        super().__init__()
        self.stream, self.most, self.bar, self.url, self.what = stream, most, bar, url, what
        self.begin = stream.seek(0, io.SEEK_END)
        self.response: Any = None
        bar.reset(bar.total)
        bar.update(self.begin)

    def write(self, content: Any) -> int:
        if self.stream.tell() + len(content) > self.most:
            raise DownloadError(
                f"{self.what}: {self.url}: sends more than the {self.most} bytes that were "
                "announced; refused"
            )
        self.stream.write(content)
        self.bar.update(len(content))
        return len(content)

    def flush(self) -> None:
        self.stream.flush()

    def answered(self, response: Any, *arguments: Any, **others: Any) -> None:
        """Begin anew where the server does not go on: called with its answer, before content."""
        self.response = response
        if self.begin and response.status_code == 200:
            self.stream.seek(0)
            self.stream.truncate()
            self.bar.reset(self.bar.total)


def _transfer(url: str, output: _Output) -> None:
    import requests
    from pooch import HTTPDownloader

    headers = {"Accept-Encoding": "identity"}
    if output.begin:
        headers["Range"] = f"bytes={output.begin}-"
    fetch = HTTPDownloader(
        chunk_size=PIECE, timeout=SILENCE, headers=headers, hooks={"response": output.answered}
    )
    try:
        fetch(url, output, None)
    except requests.HTTPError as error:
        response: Any = error.response
        text = f"{response.status_code} {response.reason}".strip()
        if response.status_code == 416:  # what lies here is no beginning of what lies there
            output.stream.truncate(0)
            raise _BrokenOffError(text) from error
        if response.status_code in _PASSING:
            raise _BrokenOffError(text) from error
        raise DownloadError(
            f"{output.what}: {url}: {text}; the file has gone, or its address is wrong"
        ) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _BrokenOffError(_plain_reason(error)) from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise _BrokenOffError("the transfer broke off") from error
    except requests.RequestException as error:
        raise DownloadError(f"{output.what}: {url}: {_plain_reason(error)}") from error
    finally:
        if output.response is not None:  # pooch leaves it open where something went wrong
            output.response.close()


def _plain_reason(error: Exception) -> str:
    """What a user can understand of the exceptions of requests, which hold one another."""
    text = str(error)
    for part, reason in (
        ("timed out", "no answer in time"),
        ("resolve", "the name of the server is not known; is this machine online?"),
        ("refused", "the server refuses the connection"),
        ("unreachable", "the server cannot be reached; is this machine online?"),
        ("CERTIFICATE", "the certificate of the server is not valid"),
        ("redirects", "the server sends from address to address without end"),
    ):
        if part.lower() in text.lower():
            return reason
    return "the transfer broke off"


def _check(file: Path, url: str, sha256: str, what: str) -> None:
    actual = sha256_of(file)
    if actual != sha256:
        raise DownloadError(
            f"{what}: {url}: its SHA-256 is {actual}, expected {sha256}: this is another file; it "
            "was not kept"
        )


def _refuse_full_disk(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OSError(errno.ENOSPC, f"{size_of(free)} are free")


def _say_why_not_written(target: Path, size: int, error: OSError) -> NoReturn:
    needed = f"; it takes {size_of(size)}" if size else ""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    why = "no space is left" if is_full else error.strerror or str(error)
    raise DataError(
        f"{target.parent}: the cache of models cannot be written: {why}{needed}; the environment "
        f"variable {VARIABLE} names another folder"
    ) from error
