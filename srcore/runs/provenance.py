"""What a training is fed with (files, programs, processes): recorded, and compared on resume."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from ignite import distributed as idist

import srcore
from srcore.config.paths import inputs_of
from srcore.config.schema import Experiment
from srcore.config.start_weights import start_weights
from srcore.errors import SrcoreError
from srcore.files.atomic import writing
from srcore.files.hashing import sha256_of
from srcore.plugin.manager import PluginManager
from srcore.runs.folder import RunFolder
from srcore.runs.used_plugins import read_provenance as read_provenance
from srcore.scanning.lists import scanned_bytes

logger = logging.getLogger("srcore")


def provenance(experiment: Experiment, plugins: PluginManager) -> dict[str, dict[str, Any]]:
    """What the result depends on beside the experiment's text.

    Returns:
        ``inputs``: by key, a hash of names and sizes of the files that a path of the training data
        names; ``weights``: by key, a hash of the content of a file that a trained network starts
        from, where it is there; ``processes``; ``plugins``: hashes of the files of those that were
        named by ``--plugin``; ``versions`` of srcore, torch and installed plugins, and
        ``threads``, which change the last bits at most.
    """
    table = experiment.data.train
    inputs = () if table is None else inputs_of(table, "data.train")
    versions = {"srcore": srcore.__version__, "torch": torch.__version__}
    named = plugins.named_states
    labels = dict(label.rsplit(" ", 1) for label in plugins.discovered)
    versions |= {name: version for name, version in labels.items() if name not in named}
    return {
        "inputs": {key: fingerprint(path) for key, path, _ in inputs},
        "weights": {
            key: sha256_of(path)[:16] for key, path in start_weights(experiment) if path.is_file()
        },
        "processes": {"processes": idist.get_world_size()},
        **({"plugins": named} if named else {}),
        "versions": versions,
        "threads": {"threads": torch.get_num_threads()},
    }


def fingerprint(path: Path) -> str:
    """How many files lie at a path, and a hash of their names and sizes, wherever that is.

    Of images that were scanned a moment ago the size is known.
    """
    digest, count = hashlib.sha256(), 0
    known = scanned_bytes(path)
    folder, names = (
        (path, sorted(_names_below(path))) if path.is_dir() else (path.parent, [path.name])
    )
    for name in names:
        size = known.get(name, -1)
        if size < 0:
            try:
                size = os.stat(f"{folder}/{name}").st_size
            except OSError:
                continue
        digest.update(f"{name}\0{size}\n".encode("utf-8", "surrogateescape"))
        count += 1
    return f"{count} files {digest.hexdigest()[:16]}"


def remember_weights(
    folder: Path, before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]
) -> None:
    """A training that goes on keeps the start weights it began with; tell if others lie there now.

    That is so after an earlier stage was extended: this one does not begin anew for it.
    """
    began = before.get("weights", {})
    for key, digest in now["weights"].items():
        if began.get(key, digest) != digest:
            logger.warning(
                "%s: %s holds other weights now than when this training started from them (an "
                "earlier stage may have been extended); it does not start from those: choose "
                "another name, or start anew with --overwrite, if it shall",
                folder,
                key,
            )
    now["weights"] = now["weights"] | began


def write(folder: Path, content: dict[str, dict[str, Any]]) -> None:
    """Record it."""
    with writing(RunFolder(folder).provenance) as temporary:
        temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")


def compare_provenance(
    folder: Path, before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]], *, accept: bool
) -> None:
    """Tell of every difference; refuse those that change what is trained.

    Raises:
        SrcoreError: other files or another number of processes, and not ``accept``.
    """
    for name, state in now.get("plugins", {}).items():
        if before.get("plugins", {}).get(name) != state:
            was = before.get("plugins", {}).get(name, "absent")
            text = "%s: plugin %s was %s, now %s; the training goes on with other code"
            logger.warning(text, folder, name, was, state)
    grave = _changed_parts(before, now, ("inputs", "processes"))
    for line in _changed_parts(before, now, ("versions", "threads")):
        logger.warning("%s: %s; the last bits of the result may differ", folder, line)
    if grave and not accept:
        raise SrcoreError(
            f"{folder}: the training would go on with something else: {'; '.join(grave)}; undo "
            "that, or go on nevertheless with --accept-changes"
        )
    for line in grave:
        logger.warning("%s: %s; accepted", folder, line)


def _changed_parts(
    before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]], parts: tuple[str, ...]
) -> list[str]:
    return [
        f"{key} was {before[part].get(key, 'absent')}, now {now[part].get(key, 'absent')}"
        for part in parts
        if part in before
        for key in sorted(before[part].keys() | now[part].keys())
        if before[part].get(key) != now[part].get(key)
    ]


def _names_below(folder: Path) -> Iterator[str]:
    """Paths below the folder, with ``/``; texts, since there may be millions."""
    for top, folders, names in os.walk(folder):
        folders.sort()
        below = Path(top).relative_to(folder).as_posix()
        yield from names if below == "." else [f"{below}/{name}" for name in names]
