"""Names for results of inputs whose names differ only in their suffix or folder."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

import attrs

from srcore.files.names import name_key
from srcore.upscaling.inputs import InputImage


@attrs.frozen
class Named:
    """An input and where its result goes if no other has the same name.

    Attributes:
        source: the input.
        folder: of the result.
        ending: of the result's name, behind the stem of the input.
    """

    source: InputImage
    folder: Path
    ending: str

    @property
    def plain(self) -> Path:
        """The stem of the input with the ending."""
        return self.folder / f"{self.source.path.stem}{self.ending}"

    @property
    def with_suffix(self) -> Path:
        """The same with the suffix of the input: ``a_jpg.png`` for ``a.jpg``."""
        suffix = self.source.path.suffix.lstrip(".")
        return self.folder / f"{self.source.path.stem}_{suffix}{self.ending}"


def distinct_names(wanted: Sequence[Named]) -> list[Path]:
    """A path for every result, all different.

    Names that differ only in the case of their letters are equal on some systems and so here.
    ``a.jpg`` and ``a.png`` become ``a_jpg.png`` and ``a_png.png``; ``x/a.png`` and ``y/a.png``,
    which go to one folder, keep their own folders in it.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for index, named in enumerate(wanted):
        groups[_key_of_path(named.plain)].append(index)
    result = {group[0]: wanted[group[0]].plain for group in groups.values() if len(group) == 1}
    taken = {_key_of_path(path) for path in result.values()}
    for group in groups.values():
        if len(group) == 1:
            continue
        # A folder tells an input from all others if it holds no other of the group.
        parents = Counter(_parent(wanted[index]) for index in group)
        for index, named in zip(group, _in_own_folders([wanted[i] for i in group]), strict=True):
            names = _candidates(named, is_alone=parents[_parent(wanted[index])] == 1)
            result[index] = next(path for path in names if _key_of_path(path) not in taken)
            taken.add(_key_of_path(result[index]))
    return [result[index] for index in range(len(wanted))]


def _key_of_path(path: Path) -> str:
    return name_key(str(path))


def _parent(named: Named) -> str:
    return os.path.abspath(named.source.path.parent)


def _in_own_folders(group: Sequence[Named]) -> Iterator[Named]:
    """The inputs with their folders, as seen from the one that holds all of them."""
    parents = [_parent(named) for named in group]
    try:
        common = os.path.commonpath(parents)
    except ValueError:  # several drives of Windows
        yield from group
        return
    for named, parent in zip(group, parents, strict=True):
        yield attrs.evolve(named, folder=named.folder / os.path.relpath(parent, common))


def _candidates(named: Named, *, is_alone: bool) -> Iterator[Path]:
    """Names from the most to the least expected one."""
    start = [named.plain] if is_alone else []
    told = named.with_suffix
    numbered = (told.with_name(f"{told.stem}_{number}{told.suffix}") for number in count(2))
    return chain(start, [told], numbered)
