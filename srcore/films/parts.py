"""Parts of a film that are encoded already: what a job that was stopped goes on from.

They lie beside the result in a folder of their own until that is whole. A part is a file of packets
as the encoder gave them, with their times, written whole or not at all. An uninterrupted job makes
the same parts, so that both results are equal.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

from srcore.errors import DataError, SrcoreError
from srcore.files.atomic import write_bytes, writing
from srcore.files.deleting import delete_known, refuse_foreign
from srcore.options.spelling import spelled
from srcore.runs.folder import RunFolder
from srcore.runs.lock import locked

_JOB = "job.json"
_WRITER = "srcore upscale"
_SIGNATURE = b"srcore film part 1\n"
#: Time, duration, whether it can be decoded alone, and size of a packet.
_HEAD = struct.Struct("<qq?I")
_END = struct.Struct("<qq?I").pack(0, 0, False, 0)


class PartsError(SrcoreError):
    """Parts of another job are in the way."""

    exit_code = 2


@attrs.frozen
class Packet:
    """A frame as the encoder gave it.

    Attributes:
        time: when it is shown, in units of the film's time base.
        duration: how long.
        is_key: whether it can be decoded alone.
        content: the encoded bytes.
    """

    time: int
    duration: int
    is_key: bool
    content: bytes


def parts_folder(target: Path) -> Path:
    """Where parts of a film lie until it is whole."""
    return target.with_name(f"{target.name}.parts")


@attrs.frozen
class FilmParts:
    """The folder of parts of one job.

    Attributes:
        folder: see :func:`parts_folder`.
    """

    folder: Path

    @property
    def is_there(self) -> bool:
        """Whether a job was stopped that wrote here."""
        return (self.folder / _JOB).is_file()

    def begin(self, job: dict[str, Any], *, resume: bool, overwrite: bool) -> None:
        """Go on with the parts of this job, or begin anew.

        Args:
            job: all on which the parts depend.
            resume: take what is there.
            overwrite: delete what is there.

        Raises:
            PartsError: parts are there and none of the two was asked for, or of another job.
        """
        if not (resume or overwrite):
            refuse_parts(self)
        if self.is_there and not overwrite:
            self._compare(job)
            return
        if self.is_there:
            self.delete()
        refuse_foreign(self.folder, (_JOB, RunFolder.lock), _WRITER)
        write_bytes(self.folder / _JOB, json.dumps(job, indent=1).encode())

    def has(self, number: int) -> bool:
        """Whether a part is done."""
        return self._file(number).is_file()

    def write(self, number: int, packets: Iterable[Packet]) -> None:
        """Write a part, which appears when it is complete.

        Raises:
            DataError: it cannot be written.
        """
        path = self._file(number)
        try:
            with writing(path) as temporary, temporary.open("wb") as file:
                digest = hashlib.sha256(_SIGNATURE)
                file.write(_SIGNATURE)
                for packet in packets:
                    head = _HEAD.pack(
                        packet.time, packet.duration, packet.is_key, len(packet.content)
                    )
                    for piece in (head, packet.content):
                        file.write(piece)
                        digest.update(piece)
                file.write(_END + digest.digest())
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error

    def packets(self, number: int) -> Iterator[Packet]:
        """The packets of a part.

        Raises:
            DataError: it cannot be read, or is not what was written.
        """
        path = self._file(number)
        try:
            with path.open("rb") as file:
                digest = hashlib.sha256(file.read(len(_SIGNATURE)))
                while (head := file.read(_HEAD.size)) != _END:
                    time, duration, is_key, size = _HEAD.unpack(head)
                    content = file.read(size)
                    digest.update(head + content)
                    yield Packet(time, duration, is_key, content)
                is_whole = file.read() == digest.digest()
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
        except struct.error:
            is_whole = False
        if not is_whole:
            raise DataError(
                f"{path}: damaged; delete it, and {spelled('resume', True)} makes it again"
            )

    def delete(self) -> None:
        """Delete the parts, the file by which they are recognized last; the lock stays."""
        with contextlib.suppress(FileNotFoundError):
            delete_known(
                self.folder, (_JOB, "*.part"), writer=_WRITER, last=_JOB, keep=RunFolder.lock
            )

    def _compare(self, job: dict[str, Any]) -> None:
        path = self.folder / _JOB
        try:
            before = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            before = {}
        now = json.loads(json.dumps(job))
        other = [name for name in now if now[name] != before.get(name)]
        if other:
            raise PartsError(
                f"{self.folder}: its parts were made with other {', '.join(other)}; the same again "
                f"goes on with them, {spelled('overwrite', True)} begins anew"
            )

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06}.part"


def refuse_parts(parts: FilmParts) -> None:
    """Refuse parts that nobody asked to go on with, or to delete.

    Raises:
        PartsError: there are some.
    """
    if parts.is_there:
        raise PartsError(
            f"{parts.folder}: parts of a film that was not finished; {spelled('resume', True)} "
            f"goes on with it, {spelled('overwrite', True)} begins anew"
        )


def delete_finished(target: Path) -> None:
    """Delete what a job left that was stopped after its film was whole.

    Raises:
        SrcoreError: another process works on it, or it holds what is not ours.
    """
    parts = FilmParts(parts_folder(target))
    if parts.is_there:
        with locked(parts.folder, otherwise="choose another output"):
            parts.delete()
        with contextlib.suppress(OSError):
            parts.folder.rmdir()
