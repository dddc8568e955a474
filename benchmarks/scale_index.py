"""What rows of an index take: memory of a process, and time until it knows what to read first.

python benchmarks/scale_index.py [--rows 10000000] [--shards 100]

Indexes of tar shards are written as `srcore prepare shards` does; the shards are empty files of the
right size, of which nothing is read. `srcore` opens them in a process of its own, asks for all
sizes, as a check does, and for the order of an epoch. `own` memory is that of the process alone,
`mapped` what it has seen of the indexes, which processes share and the system may take back. What
ten times the rows would take is the own memory beyond that of an empty process, times ten.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from harness import write_results

from srcore.images import ImageHeader
from srcore.shards.index_file import SUFFIX, index_content
from srcore.shards.members import ShardImage
from srcore.shards.storage import LocalShards
from srcore.sources.tar import TarSource

BYTES = 5_000


def write_shards(folder: Path, rows: int, shards: int) -> None:
    """Empty shards with full indexes."""
    header = ImageHeader(48, 48, 8)
    each = rows // shards
    for shard in range(shards):
        path = folder / f"shard-{shard:06}.tar"
        with path.open("wb") as stream:
            stream.truncate(each * BYTES)
        images = [
            ShardImage(f"{shard * each + number:09}", "", number * BYTES, BYTES, header)
            for number in range(each)
        ]
        state = path.stat()
        content = index_content(images, size=state.st_size, time=state.st_mtime_ns, crc=True)
        path.with_suffix(SUFFIX).write_bytes(content)


def memory() -> dict[str, float]:
    """Of this process, MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}
    return {
        "own": round(kilobytes["RssAnon"] / 1024, 1),
        "mapped": round(kilobytes["RssFile"] / 1024, 1),
        "largest": round(kilobytes["VmHWM"] / 1024, 1),
    }


def opened(folder: Path) -> dict[str, object]:
    """What a process meets that opens the indexes."""
    told: dict[str, object] = {"empty": memory()}
    began = time.perf_counter()
    source = TarSource(LocalShards.of_folders([folder]))
    told["open"] = memory() | {"seconds": round(time.perf_counter() - began, 2)}
    began = time.perf_counter()
    sizes = source.sizes()
    assert (sizes == 48).all()
    del sizes
    told["sizes"] = memory() | {"seconds": round(time.perf_counter() - began, 2)}
    began = time.perf_counter()
    order = source.order(0, np.random.default_rng(0))
    name = source.name(int(order[0]))
    told["order"] = memory() | {"seconds": round(time.perf_counter() - began, 2), "name": name}
    return told


def main() -> None:
    """Measure, or be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10**7)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--open", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.open:
        print(json.dumps(opened(Path(chosen.open))))
        return
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        write_shards(Path(folder), chosen.rows, chosen.shards)
        print(f"written in {time.perf_counter() - began:.0f} s", flush=True)
        results = {}
        for turn in ("first", "again"):
            arguments = [sys.executable, __file__, "--open", folder]
            answer = subprocess.run(arguments, stdout=subprocess.PIPE, check=True)
            results[turn] = json.loads(answer.stdout)
            print(turn, results[turn], flush=True)
    empty = results["again"]["empty"]["own"]
    for what in ("own", "largest"):
        grown = max(results["again"][step][what] for step in ("open", "sizes", "order"))
        base = empty if what == "own" else results["again"]["empty"]["largest"]
        results[f"{what} memory of ten times the rows, extrapolated, MB"] = round(
            base + 10 * (grown - base)
        )
    write_results("scale_index", results, rows=chosen.rows, shards=chosen.shards)


if __name__ == "__main__":
    main()
