"""Images of a source that a plugin brings, held against what a source promises."""

from __future__ import annotations

from typing import Any, cast

from srcore.data.cropping import Window
from srcore.errors import PluginError
from srcore.images import ImageArray, ImageHeader
from srcore.messages import told
from srcore.plugin.calling import call, who
from srcore.sources.channels import given_channels
from srcore.sources.folder import FolderSource
from srcore.sources.source import ImageSource
from srcore.sources.tar import TarSource


def checked_source(source: ImageSource) -> ImageSource:
    """The source; what it says and reads is looked at, unless it is the core's own of files."""
    own = isinstance(source, (FolderSource, TarSource))
    return source if own else cast("ImageSource", _Checked(source))


class _Checked:
    """A source whose every answer is looked at; what else it can do is its own."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._channels = given_channels(source)

    def __len__(self) -> int:
        return len(self._source)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked for while it is unpickled
            raise AttributeError(name)
        return getattr(self._source, name)

    def name(self, index: int) -> str:
        """What tells the image from the others."""
        return str(call("source.name", self._source, index, method="name"))

    def where(self, index: int) -> str:
        """What an error about the image names."""
        return str(call("source.name", self._source, index, method="where"))

    def header(self, index: int) -> ImageHeader:
        """Size and depth."""
        header: ImageHeader = call("source.header", self._source, index, method="header")
        return header

    def read(self, index: int) -> ImageArray:
        """The image."""
        image: ImageArray = call("source.image", self._source, index, method="read")
        return self._sized(image, *image.shape[:2])

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part of the image."""
        image: ImageArray = call("source.image", self._source, index, window, method="read_window")
        return self._sized(image, window.height, window.width)

    def _sized(self, image: ImageArray, height: int, width: int) -> ImageArray:
        if image.shape != (height, width, self._channels):
            raise PluginError(
                f"{who('source', self._source)} returned {told(image)}; expected the shape "
                f"{(height, width, self._channels)}"
            )
        return image
