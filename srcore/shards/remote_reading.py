"""Files behind addresses, such as s3://bucket/shards: listed and read in parts, by fsspec.

Nothing that is open is kept: a process that was forked asks for its own connections.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

import attrs

from srcore.errors import DataError, MissingExtraError
from srcore.images import natural_key
from srcore.shards.shard_set import SET_FILE, parsed_set, refuse_unfinished

#: Seconds to wait before each further try.
_WAITS = (0.2, 1.0, 3.0)
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_MOST = 10**6
_NOT_FOUND = 404
#: Of web servers: answers that say what is wrong with the question, so that the next are no other;
#: but for those of them that ask for patience.
_REFUSALS = frozenset(range(400, 500)) - {408, 425, 429}
#: What installs the file systems of addresses.
_EXTRAS = {"http": "remote", "https": "remote", "s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
#: Seconds without a word from a web server.
_PATIENCE = 30


@attrs.frozen
class RemoteShard:
    """A shard behind an address.

    Attributes:
        url: the address.
        size: bytes.
        tag: changes with the content, where the server tells such; else empty.
        sha256: of the content, where the set of shards tells it; else empty.
    """

    url: str
    size: int
    tag: str = ""
    sha256: str = ""


def shards_at(url: str) -> list[RemoteShard]:
    """Shards of an address: a folder, one file ``*.tar``, or several as ``{000..123}.tar``.

    A folder's ``shards.json`` says which there are; without one the folder is listed.

    Raises:
        DataError: nothing there, or the server cannot be asked.
        MissingExtraError: fsspec, or what it needs for the address, is not installed.
    """
    if url.endswith(".tar") or _RANGE.search(url) is not None:
        return [remote_shard(one) for one in numbered_addresses(url)]
    folder = url.rstrip("/")
    told = shards_of_set(folder)
    return _listed_shards(folder) if told is None else told


def shards_of_set(folder: str) -> list[RemoteShard] | None:
    """Shards that the ``shards.json`` of a folder tells; None if it has none.

    Raises:
        DataError: the set is not whole, or the server cannot be asked.
    """
    content = fetched_if_there(f"{folder}/{SET_FILE}")
    told = None if content is None else parsed_set(content)
    if told is None:
        return None
    refuse_unfinished(told, folder, {shard.name for shard in told.shards})
    return [
        RemoteShard(f"{folder}/{shard.name}", shard.bytes, sha256=shard.sha256)
        for shard in told.shards
    ]


def fetched(shard: RemoteShard, start: int, end: int) -> bytes:
    """Bytes of a shard from ``start`` to before ``end``, asked for again where that fails.

    Raises:
        DataError: they cannot be had; names address and bytes.
    """
    where = f"{shard.url}: bytes {start} to {end - 1}"

    def ask(system: Any, path: str) -> bytes:
        content: bytes = system.cat_file(path, start=start, end=end)
        if len(content) > end - start:
            raise _UselessError("the server sends whole files where parts are asked for")
        if len(content) < end - start:
            raise OSError(f"expected {end - start} bytes, found {len(content)}")
        return content

    content: bytes | None = asked(shard.url, where, ask)
    if content is None:
        raise DataError(f"{shard.url}: is not there any more")
    return content


def fetched_if_there(url: str) -> bytes | None:
    """A small file whole; None if there is none.

    Raises:
        DataError: the server cannot be asked.
    """

    def ask(system: Any, path: str) -> bytes:
        content: bytes = system.cat_file(path)
        return content

    content: bytes | None = asked(url, url, ask)
    return content


class _UselessError(Exception):
    """Asking again would give the same."""


_FINAL = (_UselessError, PermissionError, NotImplementedError)


def asked(url: str, where: str, ask: Any) -> Any:
    """What ``ask(file system, path)`` gives; None where the file is not there.

    Args:
        url: an address.
        where: what errors name.
        ask: it is called again where it fails, after a while.

    Raises:
        DataError: it fails, again and again.
        MissingExtraError: fsspec, or what it needs for the address, is not installed.
    """
    tries = len(_WAITS) + 1
    for wait in (*_WAITS, None):
        try:
            return ask(*file_system(url))
        except (DataError, MissingExtraError):
            raise
        except Exception as error:  # every file system of fsspec has errors of its own
            failure = _failure(error)
            if isinstance(failure, FileNotFoundError):
                return None
            is_final = isinstance(failure, _FINAL) or _http_status(failure) in _REFUSALS
            if wait is None or is_final:
                often = "" if is_final else f" in {tries} tries"
                text = " ".join(str(failure).split())
                why = text if is_final else f"{type(failure).__name__}: {text}".rstrip(": ")
                raise DataError(f"{where}: cannot be fetched{often}: {why}") from error
            time.sleep(wait)
    raise AssertionError  # pragma: no cover - the last wait is None


def _failure(error: Exception) -> BaseException:
    """What happened: of web servers fsspec says of all that it cannot ask that it is not there."""
    why = error.__cause__
    if not isinstance(error, FileNotFoundError) or isinstance(why, FileNotFoundError):
        return error
    is_of_web = type(why).__module__.partition(".")[0] == "aiohttp"
    if isinstance(why, (OSError, asyncio.TimeoutError)) or is_of_web:
        return error if why is None or _http_status(why) == _NOT_FOUND else why
    return error


def _http_status(error: BaseException) -> int | None:
    status: int | None = getattr(error, "status", None)
    return status


def file_system(url: str) -> tuple[Any, str]:
    """File system and path; fsspec keeps one of each kind for every process.

    Raises:
        DataError: addresses of this kind are not known.
        MissingExtraError: fsspec, or what it needs for the address, is not installed.
    """
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("reading what lies behind addresses", "remote") from error
    try:
        system, path = fsspec.core.url_to_fs(url, **_web_settings(url))
    except ImportError as error:
        kind = url.partition("://")[0]
        if kind in _EXTRAS:
            raise MissingExtraError(f"reading {kind}:// addresses", _EXTRAS[kind]) from error
        raise DataError(f"{url}: needs a package that is not installed: {error}") from error
    except ValueError as error:  # an unknown protocol
        raise DataError(f"{url}: {' '.join(str(error).split())}") from error
    return system, str(path)


def _web_settings(url: str) -> dict[str, Any]:
    """Of web servers: an answer that stops is given up; their library waits for five minutes."""
    if not url.startswith(("http://", "https://")):
        return {}
    from aiohttp import ClientTimeout

    limits = ClientTimeout(total=None, sock_connect=_PATIENCE, sock_read=_PATIENCE)
    return {"client_kwargs": {"timeout": limits}}


def remote_shard(url: str) -> RemoteShard:
    """A shard whose size and tag are asked for.

    Raises:
        DataError: it is not there, or nobody tells its size.
    """
    return shard_of_details(url, details_of(url))


def details_of(url: str) -> dict[str, Any]:
    """What the file system says of a file.

    Raises:
        DataError: it is not there, or cannot be asked for.
    """
    details = asked(url, url, lambda system, path: system.info(path))
    if details is None:
        raise DataError(f"{url}: is not there")
    return dict(details)


def shard_of_details(url: str, details: Mapping[str, Any]) -> RemoteShard:
    """A shard of which the file system told something.

    Raises:
        DataError: but not its size.
    """
    size = details.get("size")
    if not isinstance(size, int):
        raise DataError(f"{url}: the server does not tell its size, so that no part can be read")
    names = ("ETag", "etag", "md5Hash", "LastModified", "mtime", "created")
    return RemoteShard(url, size, "\0".join(str(details[it]) for it in names if it in details))


def _listed_shards(folder: str) -> list[RemoteShard]:
    entries = asked(folder, folder, lambda system, path: system.ls(path, detail=True))
    by_name = {str(entry["name"]).rstrip("/").rpartition("/")[2]: entry for entry in entries or ()}
    shards = []
    for name in sorted((it for it in by_name if it.endswith(".tar")), key=natural_key):
        url = f"{folder}/{name}"
        has_size = isinstance(by_name[name].get("size"), int)
        shards.append(shard_of_details(url, by_name[name]) if has_size else remote_shard(url))
    if not shards:
        raise DataError(f"{folder}: no shards; expected files *.tar, or {SET_FILE} beside them")
    return shards


def numbered_addresses(url: str) -> list[str]:
    """Addresses that one with a range stands for, such as ``{000..123}``; without one itself.

    Raises:
        DataError: a range that is none.
    """
    numbers = _RANGE.search(url)
    if numbers is None:
        return [url]
    first, last = numbers[1], numbers[2]
    if not int(first) <= int(last) < int(first) + _MOST:
        raise DataError(f"{url}: expected a range such as {{000000..000123}}")
    start, end = numbers.span()
    return [
        f"{url[:start]}{number:0{len(first)}}{url[end:]}"
        for number in range(int(first), int(last) + 1)
    ]
