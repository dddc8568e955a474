"""``shards.json``: which shards a folder of ``srcore prepare shards`` consists of."""

from __future__ import annotations

import json
from pathlib import Path

import attrs

from srcore.errors import DataError

SET_FILE = "shards.json"
_FORMAT = "srcore shards 1"


@attrs.frozen
class ListedShard:
    """A shard of a set.

    Attributes:
        name: of the file.
        images: how many it holds.
        bytes: its size.
        sha256: of the file.
    """

    name: str
    images: int
    bytes: int
    sha256: str


@attrs.frozen
class ShardSet:
    """A set of shards.

    Attributes:
        plan: a hash of what was to be packed.
        shards: what was packed; empty: the job has not ended.
    """

    plan: str
    shards: tuple[ListedShard, ...] = ()

    def content(self) -> bytes:
        """What the file holds."""
        return json.dumps({"format": _FORMAT, **attrs.asdict(self)}, indent=1).encode() + b"\n"


def parsed_set(content: bytes) -> ShardSet | None:
    """The set that a file tells; None if it is another file."""
    try:
        told = json.loads(content)
        if told.pop("format") != _FORMAT:
            return None
        shards = tuple(ListedShard(**shard) for shard in told["shards"])
        is_plain = all(_is_plain(shard) for shard in shards)
        return ShardSet(str(told["plan"]), shards) if is_plain else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def set_in(folder: Path) -> ShardSet | None:
    """The set that lies in a folder; None if there is none."""
    try:
        return parsed_set((folder / SET_FILE).read_bytes())
    except OSError:
        return None


def refuse_unfinished(told: ShardSet | None, place: str | Path, there: set[str]) -> None:
    """Refuse a set that lacks shards, before less than all is trained on.

    Args:
        told: the set, if there is one.
        place: of the set, for messages.
        there: names of its shards.

    Raises:
        DataError: the job that packs has not ended, or shards are missing.
    """
    if told is None:
        return
    if not told.shards:
        raise DataError(
            f"{place}: srcore prepare shards has not ended here; give the same command again"
        )
    if lost := [shard.name for shard in told.shards if shard.name not in there]:
        raise DataError(
            f"{place}: {len(lost)} of {len(told.shards)} shards are not there, first {lost[0]}; "
            "copy or download them again"
        )


def _is_plain(shard: ListedShard) -> bool:
    is_name = isinstance(shard.name, str) and "/" not in shard.name and shard.name.endswith(".tar")
    return is_name and isinstance(shard.bytes, int) and isinstance(shard.sha256, str)
