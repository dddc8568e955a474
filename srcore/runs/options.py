"""Where runs lie, for commands and functions alike."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class RunsOptions:
    """The folder of runs."""

    output: Path = option(Path("runs"), "folder of runs; that of an experiment is OUTPUT/<name>")
