"""What the files of folders and patterns are, by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Generic, TypeVar

import attrs

from srcore.films.names import is_film_name
from srcore.images import is_image_name, natural_key
from srcore.shards.index_file import SUFFIX
from srcore.shards.shard_set import SET_FILE

#: Of shards.
SHARD_SUFFIX = ".tar"

Sorted = TypeVar("Sorted")


@attrs.frozen
class Kinds(Generic[Sorted]):
    """Files by kind, each in natural order.

    Attributes:
        images: images.
        films: films.
        shards: tar files; those beside images or films are somebody's archives and none.
        others: number of all others that are not hidden, by suffix.
    """

    images: list[Sorted]
    films: list[Sorted]
    shards: list[Sorted]
    others: Counter[str]

    def left_out(self, name: str) -> list[str]:
        """A line about the others, if there are any.

        Args:
            name: where they were kinds.
        """
        if not self.others:
            return []
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(self.others.items()))
        total = counted(self.others.total(), "file")
        return [f"{name}: left out {total}, not images by name: {kinds}"]


def by_kind(files: Sequence[Sorted], path_of: Callable[[Sorted], PurePath]) -> Kinds[Sorted]:
    """Sort files by what they are.

    Args:
        files: of some folders.
        path_of: gives the path of one, by which it is judged.
    """
    kinds: Kinds[Sorted] = Kinds([], [], [], Counter())
    others = []
    for file in sorted(files, key=lambda it: natural_key(path_of(it).as_posix())):
        path = path_of(file)
        if is_film_name(path):
            kinds.films.append(file)
        elif is_image_name(path):
            kinds.images.append(file)
        elif not path.name.startswith("."):
            others.append(file)
    shards = {path: file for file in others if (path := path_of(file)).suffix == SHARD_SUFFIX}
    if shards:
        of_pictures = {path_of(file).parent for file in (*kinds.images, *kinds.films)}
        shards = {path: file for path, file in shards.items() if path.parent not in of_pictures}
    kinds.shards.extend(shards.values())
    folders = {path.parent for path in shards}
    for path in map(path_of, others):
        is_index = path.suffix == SUFFIX and path.with_suffix(SHARD_SUFFIX) in shards
        is_set = path.name == SET_FILE and path.parent in folders
        if path not in shards and not is_index and not is_set:
            kinds.others[path.suffix.lower() or "without suffix"] += 1
    return kinds


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "film"), counted(2, "film")
    ('1 film', '2 films')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
