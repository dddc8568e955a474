"""The report that every run writes at its end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from srcore.errors import Interrupted

if TYPE_CHECKING:
    from srcore.engine.run import Run

logger = logging.getLogger("srcore")


def write_after_stage(run: Run, error: BaseException | None) -> None:
    """Write the page of a stage and, where there are several, that of the experiment.

    A report that fails never fails a run. It is told of in one line, but not after an error: that
    one matters more, and a full disk would be both.
    """
    from srcore.report.page import write_report

    folders = [run.folder, run.folder.parent] if run.stage else [run.folder]
    for folder in folders:
        try:
            write_report([folder], run.plugins.registry)
        except Exception as problem:
            level = logging.WARNING if _complete(error) else logging.DEBUG
            text = " ".join(str(problem).split()) or type(problem).__name__
            logger.log(level, "no report was written: %s; see srcore report", text)


def _complete(error: BaseException | None) -> bool:
    return error is None or isinstance(error, Interrupted)
