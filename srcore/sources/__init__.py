"""Sources: where the images of a data set lie, and what keeps them decoded.

Names are imported when first used: checking an experiment imports neither torch nor decoders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.lazy import importer

if TYPE_CHECKING:
    from srcore.data.cropping import Window
    from srcore.sources.cache import cached
    from srcore.sources.folder import FileSource, FolderSource
    from srcore.sources.source import EncodedSource, ImageSource, Selection

_HOMES = {
    "EncodedSource": "srcore.sources.source",
    "FileSource": "srcore.sources.folder",
    "FolderSource": "srcore.sources.folder",
    "ImageSource": "srcore.sources.source",
    "Selection": "srcore.sources.source",
    "Window": "srcore.data.cropping",
    "cached": "srcore.sources.cache",
}

__all__ = [
    "EncodedSource",
    "FileSource",
    "FolderSource",
    "ImageSource",
    "Selection",
    "Window",
    "cached",
]

__getattr__ = importer(__name__, _HOMES)
