"""What a new plugin brings, and where it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class ScaffoldOptions:
    """Settings of ``srcore new-plugin``."""

    kind: Literal["network", "loss", "method", "handler", "optimizer", "dataset"] | None = option(
        None, "what it brings; without it a loss and a network"
    )
    output: Path = option(Path("."), "folder that receives srplug-NAME; the working directory")
