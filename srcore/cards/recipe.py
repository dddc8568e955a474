"""What makes a run again: its experiment without places of a machine, and its data by hash."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

import attrs
import tomli_w

from srcore.checking.experiment import load_experiment
from srcore.config.paths import inputs_of, is_pending, paths_of
from srcore.config.reading import parse_experiment
from srcore.files.hashing import sha256_of
from srcore.models.addressed_path import written
from srcore.plugin.manager import PluginManager
from srcore.runs.experiment_hash import renamed_texts
from srcore.runs.folder import experiment_of_run


@attrs.frozen
class Data:
    """What a key of the experiment reads.

    Attributes:
        key: dotted path in the experiment.
        name: as the recipe calls it.
        files: how many there are; 0: they are not here any more.
        bytes: of all of them.
        sha256: of a file; of a folder that of its list of names and hashes, see :func:`listing`.
    """

    key: str
    name: str
    files: int = 0
    bytes: int = 0
    sha256: str = ""


@attrs.frozen
class Recipe:
    """A run to repeat.

    Attributes:
        table: the experiment; paths are names beside each other.
        toml: the same as text.
        data: what it reads.
    """

    table: dict[str, Any]
    toml: str
    data: tuple[Data, ...]


def recipe_of(folder: Path, plugins: PluginManager) -> Recipe:
    """The recipe of a run; reads all of its data once.

    Raises:
        NoRunError: the folder holds no run.
        SrcoreError: its experiment cannot be read.
    """
    file = experiment_of_run(folder)
    table = parse_experiment(file)
    loaded = load_experiment(file, plugins=plugins)
    experiments = [it for it, _ in map(loaded.examine, loaded.stages) if it is not None]
    paths = {written(path): path for it in experiments for _, path in paths_of(it)}
    names = _names({text: path for text, path in paths.items() if not is_pending(path)})
    told = renamed_texts(table, names)
    data: dict[str, Data] = {}
    for experiment in experiments:
        for key, path, _ in inputs_of(experiment):
            if not is_pending(path):
                data.setdefault(key, _described_data(key, names[written(path)], path))
    return Recipe(told, tomli_w.dumps(told), tuple(data.values()))


def _names(paths: Mapping[str, Path]) -> dict[str, str]:
    """Short names of paths, which tell them apart; addresses stay what they are."""
    local = {text: path for text, path in paths.items() if text == str(path)}
    folder = _common_folder(local.values())
    names = {text: path.relative_to(folder).as_posix() for text, path in local.items()}
    return {text: names.get(text, text) for text in paths}


def _common_folder(paths: Iterable[Path]) -> PurePath:
    folders = [str(path.parent) for path in paths]
    return PurePath(os.path.commonpath(folders)) if folders else PurePath()


def _described_data(key: str, name: str, path: Path) -> Data:
    if path.is_file():
        return Data(key, name, 1, path.stat().st_size, sha256_of(path))
    files = [it for it in path.rglob("*") if it.is_file()]
    if not files:
        return Data(key, name)
    size = sum(it.stat().st_size for it in files)
    digest = hashlib.sha256(listing(path, files).encode("utf-8", "surrogateescape"))
    return Data(key, name, len(files), size, digest.hexdigest())


def listing(folder: Path, files: Iterable[Path]) -> str:
    """The list of which a folder's hash is made: what ``sha256sum`` prints of its sorted files."""
    named = {os.fsencode(it.relative_to(folder).as_posix()): it for it in files}
    lines = [f"{sha256_of(named[name])}  {os.fsdecode(name)}\n" for name in sorted(named)]
    return "".join(lines)
