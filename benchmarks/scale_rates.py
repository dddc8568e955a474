"""How fast one process reads many small images, from where they may lie, and when it begins.

python benchmarks/scale_rates.py [--images 100000] [--repeats 3]

A folder of PNG files of 48x48 pixels, and the same images as LMDB and as tar shards, which are also
behind a local web server that answers after 20 ms. Every reading is a process of its own, in turns:
`first_image` is from the start of building the source to its first image, `images_per_second` that
of reading and decoding in the order of an epoch, `megabytes` the largest memory. Of the remote
shards it is `cold` where no block is kept, then `warm`. The files were written a moment before: the
system has them in memory.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from harness import summary, write_results

from srcore.machine.resident_memory import peak_bytes
from srcore.prepare.jobs import prepare_lmdb
from srcore.prepare.shards import prepare_shards
from srcore.scanning.lists import image_lists
from srcore.sources.folder import FileSource
from srcore.sources.lmdb import lmdb_source
from srcore.sources.tar import tar_source
from srcore.testing import write_tiny_images

LATENCY = 0.02
SHARD_MEGABYTES = 64
#: Images that a reading takes, and seconds after which it ends.
MOST, SECONDS = 20_000, 10.0
KINDS = ("folder", "lmdb", "tar", "remote, cold", "remote, warm")


class Ranges(http.server.BaseHTTPRequestHandler):
    """Answers requests for parts of files, after a while."""

    protocol_version = "HTTP/1.1"

    def __init__(self, folder: Path, *arguments: Any) -> None:
        self.folder = folder
        super().__init__(*arguments)

    def log_message(self, *told: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """The size of a file."""
        self._answer(is_head=True)

    def do_GET(self) -> None:
        """A file, or a part of it."""
        self._answer(is_head=False)

    def _answer(self, *, is_head: bool) -> None:
        time.sleep(LATENCY)
        path = self.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        size = path.stat().st_size
        wanted = self.headers.get("Range")
        first, _, last = (wanted or "bytes=0-").removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last or size - 1) + 1, size)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Accept-Ranges", "bytes")
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.end_headers()
        if not is_head:
            with path.open("rb") as stream:
                stream.seek(start)
                self.wfile.write(stream.read(stop - start))


def source_of(kind: str, place: Path, url: str) -> Any:
    """The images of a kind."""
    if kind == "folder":
        return FileSource(image_lists(place / "images", None)[0])
    if kind == "lmdb":
        return lmdb_source(path=place / "images.lmdb")
    if kind == "tar":
        return tar_source(path=place / "shards")
    return tar_source(url=url, cache_folder=place / "blocks")


def read(kind: str, place: Path, url: str) -> dict[str, float]:
    """One reading, in this process."""
    cv2.setNumThreads(1)
    began = time.perf_counter()
    source = source_of(kind, place, url)
    generator = np.random.default_rng(0)
    own = getattr(source, "order", None)
    order = generator.permutation(len(source)) if own is None else own(0, generator)
    source.read(int(order[0]))
    first = time.perf_counter() - began
    count, began = 0, time.perf_counter()
    for index in itertools.islice(order, 1, MOST):
        source.read(int(index))
        count += 1
        if time.perf_counter() - began > SECONDS:
            break
    rate = count / (time.perf_counter() - began)
    return {
        "first_image": first,
        "images_per_second": rate,
        "megabytes": peak_bytes() / 2**20,
    }


def prepare(place: Path, count: int) -> None:
    """The images in all their forms."""
    seeds = write_tiny_images(place / "seeds", 32)
    contents = [path.read_bytes() for path in sorted(seeds.iterdir())]
    (place / "images").mkdir()
    for number in range(count):
        (place / "images" / f"{number:08}.png").write_bytes(contents[number % len(contents)])
    workers = os.cpu_count() or 1
    prepare_shards(place / "images", place / "shards", shard_size=SHARD_MEGABYTES, workers=workers)
    prepare_lmdb(place / "images", place / "images.lmdb", workers=workers)


def main() -> None:
    """Measure, or be one reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--read", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.repeats < 2:
        parser.error("quartiles need two repeats")
    if chosen.read:
        kind, place, url = chosen.read
        print(json.dumps(read(kind, Path(place), url)))
        return
    readings: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place, chosen.images)
        handler = functools.partial(Ranges, place / "shards")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            last = len(list((place / "shards").glob("*.tar"))) - 1
            address = f"http://127.0.0.1:{server.server_port}/shard-{{000000..{last:06}}}.tar"
            for _ in range(chosen.repeats):
                subprocess.run(["rm", "-rf", place / "blocks"], check=True)
                for kind in KINDS:
                    arguments = [sys.executable, __file__, "--read", kind, folder, address]
                    answer = subprocess.run(arguments, stdout=subprocess.PIPE, check=True)
                    readings[kind].append(json.loads(answer.stdout))
                    print(kind, readings[kind][-1], flush=True)
            server.shutdown()
    results = {
        kind: {name: summary([it[name] for it in all_of_it]) for name in all_of_it[0]}
        for kind, all_of_it in readings.items()
    }
    rates = {kind: it["images_per_second"]["median"] for kind, it in results.items()}
    results["rate of the folder"] = {kind: rate / rates["folder"] for kind, rate in rates.items()}
    write_results("scale_rates", results, images=chosen.images, latency_ms=LATENCY * 1e3)


if __name__ == "__main__":
    main()
