"""Where the page is, what it takes, and how pictures are enlarged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import attrs

from srcore.inference.options import UpscaleOptions
from srcore.options import option
from srcore.options.declaration import defaults
from srcore.runs.options import RunsOptions


@attrs.frozen(kw_only=True)
class ServeOptions:
    """Keys of the server.

    Attributes:
        host: address that is listened at.
        port: of it; 0: one that is free.
        runs: folder of runs whose models and reports are offered, if it is there.
        max_upload: most megabytes of a picture's file.
        max_result: most megapixels of a result.
        queue: most pictures that wait for their turn.
    """

    host: Annotated[str, "ADDRESS"] = option(
        "127.0.0.1", "where to listen; 0.0.0.0: at all addresses of this machine"
    )
    port: int = option(8765, "port of the address; 0: any that is free", ge=0, le=65535)
    runs: Path = option(
        defaults(RunsOptions).output, "folder of runs whose models and reports are offered"
    )
    max_upload: int = option(100, "most megabytes of a picture", ge=1, le=1_000_000)
    max_result: int = option(256, "most megapixels of a result", ge=1, le=1_000_000)
    queue: int = option(8, "most pictures that wait for their turn", ge=0, le=1_000)

    @property
    def most_bytes(self) -> int:
        """``max_upload`` in bytes."""
        return self.max_upload * 1_000_000

    @property
    def most_pixels(self) -> int:
        """``max_result`` in pixels."""
        return self.max_result * 1_000_000


@attrs.frozen(kw_only=True)
class Computing:
    """How pictures are enlarged, all alike.

    Attributes:
        device: name, or ``"auto"``.
        upscaling: how the network is run.
        most_pixels: of a result.
        without: plugins that are left out.
        named: plugins that are not installed.
    """

    device: str = "auto"
    upscaling: UpscaleOptions = attrs.field(factory=UpscaleOptions)
    most_pixels: int = defaults(ServeOptions).most_pixels
    without: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()
