"""Single files behind addresses: found in folders and by patterns, and fetched whole."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast
from urllib.parse import unquote

import attrs

from srcore.errors import DataError
from srcore.files.names import leads_out
from srcore.messages import shown
from srcore.shards.remote_reading import RemoteShard, asked, details_of, fetched

#: Bytes that are fetched at once, and kept in memory.
_AT_ONCE = 1 << 24


@attrs.frozen
class ListedFile:
    """A file that a file system tells of.

    Attributes:
        url: its address.
        name: its name below what was asked for, with ``/`` between folders.
        details: what else is told of it.
    """

    url: str
    name: str
    details: Mapping[str, Any]

    @property
    def size(self) -> int | None:
        """Bytes, if that is told."""
        size = self.details.get("size")
        return size if isinstance(size, int) else None


def is_remote_folder(url: str) -> bool:
    """Whether an address is that of a folder; of web servers, where it ends with ``/``.

    Raises:
        DataError: the server cannot be asked.
    """
    if url.endswith("/") or url.startswith(("http://", "https://")):
        return url.endswith("/")
    return bool(asked(url, url, lambda system, path: system.isdir(path)))


def files_below(folder: str, *, recursive: bool) -> tuple[list[ListedFile], int]:
    """Files of a folder.

    Args:
        folder: its address.
        recursive: also those of folders below.

    Returns:
        The files, and the number of folders that were not looked into.

    Raises:
        DataError: it is not there, or cannot be listed; a name that leads out of it.
    """
    folder = folder.rstrip("/")

    def ask(system: Any, path: str) -> tuple[str, list[Any]]:
        if recursive:
            return path, list(system.find(path, detail=True).values())
        return path, system.ls(path, detail=True)

    answer = asked(folder, folder, ask)
    if answer is None:
        raise DataError(f"{folder}: is not there")
    base, entries = answer
    files = list(_entries_below(folder, base.rstrip("/") + "/", entries))
    folders = sum(it.details.get("type") == "directory" for it in files)
    return [it for it in files if it.details.get("type") != "directory"], folders


def _entries_below(
    folder: str, base: str, entries: list[Mapping[str, Any]]
) -> Iterator[ListedFile]:
    is_of_web = folder.startswith(("http://", "https://"))
    for entry in entries:
        path = str(entry["name"])
        name = path.removeprefix(base)
        below = unquote(name) if is_of_web else name
        # Pages of web servers have links to elsewhere, and to themselves in another order.
        if not path.startswith(base) or not name or name.startswith(("?", "#")):
            continue
        if leads_out(below):
            raise DataError(f"{folder}: expected names below it, found {shown(below)}")
        yield ListedFile(f"{folder}/{name}", below.rstrip("/"), entry)


def matching_files(pattern: str) -> list[ListedFile]:
    """Files whose addresses match a pattern of ``*``, ``**`` and ``[...]``.

    Raises:
        DataError: the server cannot be asked.
    """

    def ask(system: Any, path: str) -> list[ListedFile]:
        matches = system.glob(path, detail=True)
        return [
            ListedFile(system.unstrip_protocol(name), name.rpartition("/")[2], entry)
            for name, entry in matches.items()
            if entry.get("type") != "directory"
        ]

    return asked(pattern, pattern, ask) or []


def fetched_whole(url: str, size: int | None = None) -> BinaryIO:
    """A file, open to be read: in memory, or if it is large without a name on this machine's disk.

    Args:
        url: its address.
        size: bytes, if they are known.

    Raises:
        DataError: it is not there, or cannot be had.
    """
    if size is None:
        size = details_of(url).get("size")
    if isinstance(size, int) and size > _AT_ONCE:
        return _on_disk(RemoteShard(url, size))

    def ask(system: Any, path: str) -> bytes:
        content: bytes = system.cat_file(path)
        if size is not None and len(content) != size:
            raise OSError(f"expected {size} bytes, found {len(content)}")
        return content

    content = asked(url, url, ask)
    if content is None:
        raise DataError(f"{url}: is not there")
    return io.BytesIO(content)


def _on_disk(remote: RemoteShard) -> BinaryIO:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is handed out
    try:
        for start in range(0, remote.size, _AT_ONCE):
            file.write(fetched(remote, start, min(start + _AT_ONCE, remote.size)))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast("BinaryIO", file)
