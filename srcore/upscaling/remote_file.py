"""Images behind addresses as inputs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO, ClassVar
from urllib.parse import unquote

import attrs

from srcore.shards.remote_files import fetched_whole
from srcore.upscaling.inputs import InputImage


@attrs.frozen
class RemoteFile(InputImage):
    """An image behind an address.

    Attributes:
        url: the address.
        path: host or bucket, and folders, as a path.
        size: bytes, if they are known.
    """

    is_far: ClassVar[bool] = True

    url: str
    path: PurePath = attrs.field()
    size: int | None = attrs.field(default=None, eq=False)

    @path.default
    def _named_by_address(self) -> PurePath:
        return path_of_address(self.url)

    @property
    def file(self) -> None:
        """There is none."""

    @property
    def identity(self) -> str:
        """The address."""
        return self.url

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Fetch it whole."""
        with fetched_whole(self.url, self.size) as file:
            yield file

    def __str__(self) -> str:
        return self.url


def path_of_address(url: str) -> PurePath:
    """The path of an address, without what a file or folder of this machine is not to be called.

    >>> path_of_address("https://host:80/a%20b/../c.png?size=1").as_posix()
    'host_80/a b/c.png'
    """
    kind, _, rest = url.partition("://")
    if kind in ("http", "https"):
        rest = unquote(rest.partition("?")[0].partition("#")[0])
    host, _, path = rest.partition("/")
    host = host.rpartition("@")[2].replace(":", "_")
    parts = [it for it in (host, *path.split("/")) if it not in ("", ".", "..")]
    return PurePath(*parts)
