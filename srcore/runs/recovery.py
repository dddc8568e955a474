"""Which checkpoint a run continues from when the last one is damaged or gone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from ignite import distributed as idist

from srcore.errors import SrcoreError
from srcore.files.atomic import is_temporary
from srcore.runs import checkpoint
from srcore.runs.folder import RunFolder

logger = logging.getLogger("srcore")


def starting_state(
    folder: RunFolder, device: torch.device, *, recover: bool
) -> dict[str, Any] | None:
    """The last checkpoint, or with ``recover`` the newest good one instead.

    No checkpoint is written before there is a last one, so where only others are found it was lost.
    All processes look before the first one writes any: what it writes is not of an earlier run.

    Args:
        folder: of the run.
        device: where tensors go.
        recover: take another one if the last one is damaged or missing; it becomes the last one.

    Returns:
        The state; None if there is no checkpoint at all: the run had not come that far.

    Raises:
        SrcoreError: the last one is damaged or missing; says what there is instead.
    """
    last = folder.last
    state, taken = _state_and_file(last, device, recover=recover)
    if idist.get_world_size() > 1:
        idist.barrier()
    if taken != last and idist.get_rank() == 0:
        checkpoint.copy(taken, last)
    return state


def _state_and_file(
    last: Path, device: torch.device, *, recover: bool
) -> tuple[dict[str, Any] | None, Path]:
    """The state to start from and the file that holds it, see :func:`starting_state`."""
    others = [
        path for path in sorted(last.parent.glob("*.pt")) if path != last and not is_temporary(path)
    ]
    if last.exists():
        try:
            return checkpoint.load_checkpoint(last, device), last
        except SrcoreError as error:
            problem = str(error)
    elif others:
        problem = f"{last}: missing, though the run has been further"
    else:
        return None, last
    newest = _newest(others)
    if newest is None:
        raise SrcoreError(f"{problem}; no other checkpoint is good; start anew with --overwrite")
    path, iteration = newest
    if not recover:
        raise SrcoreError(
            f"{problem}; the newest good one is {path.name} of iteration {iteration}: continue "
            "from it with --recover, or start anew with --overwrite"
        )
    logger.warning("%s; continued from %s of iteration %d", problem, path.name, iteration)
    return checkpoint.load_checkpoint(path, device), path


def _newest(paths: list[Path]) -> tuple[Path, int] | None:
    """The good checkpoint of the latest iteration, and that."""
    newest: tuple[Path, int] | None = None
    for path in paths:
        try:
            iteration = int(checkpoint.load_checkpoint(path, torch.device("cpu"))["iteration"])
        except SrcoreError:
            continue
        if newest is None or iteration > newest[1]:
            newest = path, iteration
    return newest
