"""What the files of offline runs of Weights & Biases hold: a resumed run reads them.

A file is a header of seven bytes and then LevelDB's log: blocks of 32 KiB with records, whole ones
or in parts, each with a checksum, a length and a kind. A kill cuts the last one short.
"""

from __future__ import annotations

import importlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HEADER, _BLOCK = 7, 32768
_PART = struct.Struct("<IHB")
_WHOLE, _LAST = 1, 4


def held_by(folder: Path, run: str) -> set[tuple[str, int]]:
    """(name, iteration) of all values of a run in offline files below a folder."""
    held: set[tuple[str, int]] = set()
    for file in sorted(folder.glob(f"offline-run-*/run-{run}.wandb")):
        for values in history(file):
            iteration = values.get("iteration")
            if isinstance(iteration, int):
                held |= {(name, iteration) for name in values}
    return held


def history(file: Path) -> Iterator[dict[str, Any]]:
    """Lines of the history, in their order."""
    protocol: Any = importlib.import_module("wandb.proto.wandb_internal_pb2")
    for content in _records(file.read_bytes()):
        record = protocol.Record()
        record.ParseFromString(content)
        if record.WhichOneof("record_type") == "history":
            yield {
                item.key or "/".join(item.nested_key): json.loads(item.value_json)
                for item in record.history.item
            }


def _records(data: bytes) -> Iterator[bytes]:
    at, whole = _HEADER, b""
    while at + _PART.size <= len(data):
        left = _BLOCK - at % _BLOCK
        if left < _PART.size:  # padding at the end of a block
            at += left
            continue
        _, length, kind = _PART.unpack_from(data, at)
        at += _PART.size
        if not kind or at + length > len(data):
            return
        whole += data[at : at + length]
        at += length
        if kind in (_WHOLE, _LAST):
            yield whole
            whole = b""
