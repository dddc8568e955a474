"""What a tar shard holds: its images, found in one pass over their headers."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import attrs

from srcore.errors import DataError
from srcore.files.names import leads_out
from srcore.files.opening import open_file
from srcore.images import ImageHeader, Metadata, header_of, is_image_name
from srcore.messages import shown

#: Bytes of a tar header, of which all that a shard holds are multiples.
BLOCK = 512
_LONGEST_NAME = 1024


@attrs.frozen
class ShardImage:
    """An image of a shard.

    Attributes:
        key: of its sample: the name up to the first dot, with folders.
        field: what stands between key and suffix, in small letters: ``hr`` of ``0001.hr.png``.
        offset: of its first byte in the shard.
        size: bytes.
        header: what the image says of itself; None: it cannot be read.
        crc: CRC-32 of its bytes, where somebody has read them.
        ending: what follows the key in the name of its file: ``.hr.png``.
    """

    key: str
    field: str
    offset: int
    size: int
    header: ImageHeader | None
    crc: int = 0
    ending: str = ""


def key_and_field(name: str) -> tuple[str, str]:
    """Key and field of a member, by its name.

    >>> key_and_field("below/0001.hr.png"), key_and_field("0001.PNG")
    (('below/0001', 'hr'), ('0001', ''))
    """
    folder, slash, file = name.rpartition("/")
    stem, _, rest = file.partition(".")
    return f"{folder}{slash}{stem}", rest.lower().rpartition(".")[0]


def members_of(shard: Path) -> Iterator[ShardImage]:
    """Images of a shard; see :func:`members_in`.

    Raises:
        DataError: it cannot be read, and as :func:`members_in`.
    """
    try:
        with open_file(shard) as stream:
            yield from members_in(stream, str(shard), shard.stat().st_size)
    except FileNotFoundError as error:
        raise DataError(f"{shard}: no such file") from error
    except OSError as error:
        raise DataError(f"{shard}: cannot be read: {error.strerror or error}") from error


def members_in(stream: BinaryIO, shard: str, size: int) -> Iterator[ShardImage]:
    """Images of a shard in its order; other files and folders are passed over.

    Args:
        stream: the shard.
        shard: what errors name.
        size: of the shard, bytes.

    Raises:
        DataError: no uncompressed tar, one that is cut off or damaged, or one that holds what
            could lead elsewhere or cannot be told apart: links, devices, ``..``, doubled keys.
    """
    settings: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape"}
    try:
        with tarfile.open(fileobj=stream, mode="r:", **settings) as archive:
            yield from _walked(archive, shard, size)
    except (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError) as error:
        raise _ill_packed(shard, f"cannot be read as an uncompressed tar ({error})") from error


def _walked(archive: tarfile.TarFile, shard: str, size: int) -> Iterator[ShardImage]:
    seen: set[tuple[str, str]] = set()
    while (member := archive.next()) is not None:
        # Or it would keep all of them, a kilobyte each.
        archive.members = []  # type: ignore[attr-defined]  # of typeshed, which lacks it
        _refuse(member, shard, size)
        name = member.name
        while name.startswith("./"):
            name = name[2:].lstrip("/")
        if not member.isreg() or not is_image_name(Path(name)):
            continue
        key, field = key_and_field(name)
        if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME or "\0" in name:
            raise _ill_packed(shard, f"a name of more than {_LONGEST_NAME} bytes: {shown(name)}")
        if (key, field) in seen:
            raise _ill_packed(shard, f"two images {shown('.'.join(filter(None, (key, field))))}")
        seen.add((key, field))
        header = _header(cast("BinaryIO", archive.extractfile(member)), f"{shard}: {name}")
        place = member.offset_data, member.size
        yield ShardImage(key, field, *place, header, ending=name[len(key) :])
    _refuse_without_end(archive, shard)


def _refuse(member: tarfile.TarInfo, shard: str, size: int) -> None:
    name = shown(member.name)
    if leads_out(member.name):
        raise _ill_packed(shard, f"expected names below the shard, found {name}")
    if not (member.isreg() or member.isdir()):
        raise _ill_packed(shard, f"expected files and folders, found a link or device: {name}")
    if member.isdir():
        return
    if member.issparse():
        raise _ill_packed(shard, f"{name} is stored with holes (sparse)")
    end = member.offset_data + member.size
    if member.size < 0 or end > size:
        raise DataError(
            f"{shard}: is cut off in {name}: {size} bytes, expected {end} or more; "
            "copy or download it again"
        )


def _refuse_without_end(archive: tarfile.TarFile, shard: str) -> None:
    """Reading stops at the end of the archive, but also, in silence, where it is damaged."""
    stream = cast("BinaryIO", archive.fileobj)
    stream.seek(archive.offset)
    block = stream.read(BLOCK)
    if len(block) < BLOCK:
        raise DataError(f"{shard}: is cut off: it has no end; copy or download it again")
    if block.strip(b"\0"):
        raise DataError(
            f"{shard}: is damaged at byte {archive.offset}: expected the next file's header; "
            "copy or download it again"
        )


def _header(file: BinaryIO, where: str) -> ImageHeader | None:
    try:
        # Color profiles and EXIF data are no use here and may be large.
        return attrs.evolve(header_of(file, where)[1], metadata=Metadata())
    except DataError:  # whoever reads the image hears of it; then a policy may skip it
        return None


def _ill_packed(shard: str, why: str) -> DataError:
    return DataError(f"{shard}: {why}; pack it anew with srcore prepare shards")
