"""Checkpoints as files: written atomically, read without running code."""

from __future__ import annotations

import pickle
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from srcore.errors import SrcoreError, first_line
from srcore.files.atomic import writing
from srcore.runs.folder import RunFolder
from srcore.runs.proving import is_readable, refuse_unreadable

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

FORMAT = 1

_DAMAGE = (
    OSError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, ValueError,
    LookupError, TypeError, AttributeError, AssertionError,
)  # fmt: skip


def save(
    path: Path,
    state: dict[str, Any],
    *,
    replaced: Path | None = None,
    prove_for: Experiment | None = None,
) -> None:
    """Write a checkpoint: temporary file, fsync, rename.

    Args:
        path: the file.
        state: what is written.
        replaced: second name for the file that was there.
        prove_for: read it back before it takes the place of another one; the experiment tells whose
            state it is that cannot be read.

    Raises:
        SrcoreError: the disk is full or the folder cannot be written; an older file stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as temporary:
            try:
                torch.save(state, temporary)
            except (pickle.PicklingError, AttributeError, TypeError):
                if prove_for is not None:
                    refuse_unreadable(state, prove_for)
                raise
            if prove_for is not None and not is_readable(temporary):
                refuse_unreadable(state, prove_for)
            if replaced is not None:
                copy(path, replaced)
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _is_write_failure(error):
            raise
        reason = error.strerror if isinstance(error, OSError) else first_line(error)
        kept = "the previous one is intact" if path.is_file() else "there is none before it"
        raise SrcoreError(
            f"{path}: the checkpoint could not be written ({reason}); {kept}; "
            "make room or choose another --output, then run again with --resume"
        ) from error


def save_last(
    folder: RunFolder,
    state: dict[str, Any],
    *,
    keep_previous: bool,
    prove_for: Experiment | None = None,
) -> None:
    """Write the last checkpoint; raises as :func:`save`.

    Args:
        folder: of the run.
        state: what is written.
        keep_previous: the one that it replaces becomes the previous one.
        prove_for: as in :func:`save`.
    """
    replaced = folder.previous if keep_previous and folder.last.is_file() else None
    save(folder.last, state, replaced=replaced, prove_for=prove_for)


def copy(source: Path, target: Path) -> None:
    """Give a checkpoint a second name, without a second set of bytes where the disk can do that.

    Checkpoints are replaced and never changed, so both names keep what they stand for.
    """
    with writing(target) as temporary:
        temporary.unlink()
        try:
            temporary.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, temporary)


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint without running any code in it.

    Raises:
        SrcoreError: not a checkpoint of srcore, or damaged.
    """
    try:
        # PyTorch does not compare the checksums: it would train on with flipped bits.
        with zipfile.ZipFile(path) as archive:
            wrong = archive.testzip()
        if wrong is not None:
            raise zipfile.BadZipFile(f"wrong checksum of {wrong}")
        state = torch.load(path, map_location=device, weights_only=True)
    except _DAMAGE as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:100]
        raise SrcoreError(f"{path}: damaged checkpoint ({reason})") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT or "iteration" not in state:
        raise SrcoreError(f"{path}: not a training checkpoint of this version of srcore")
    return state


def _is_write_failure(error: RuntimeError) -> bool:
    """Torch's zip writer reports a full disk as a RuntimeError."""
    text = str(error)
    return "PytorchStreamWriter" in text or "unexpected pos" in text or "enforce fail" in text
