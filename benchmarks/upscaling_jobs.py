"""How many images a second ways to enlarge many files make: one process, torchrun, Ray.

    python benchmarks/upscaling_jobs.py

All of them by the small network that comes with srcore, in turns; every round makes all results
anew, and those of all ways are equal to the byte before a time counts. Time is that of the whole
command: starting processes, importing PyTorch and starting Ray are in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import summary, write_results

from srcore.images import write_image
from srcore.testing.tiny_images import tiny_image

PROCESSES = 2
WAYS = {
    "srcore upscale": ["-m", "srcore", "upscale"],
    "torchrun": [
        *("-m", "torch.distributed.run", f"--nproc-per-node={PROCESSES}"),
        *("-m", "srcore", "upscale"),
    ],
    "srcore ray upscale": ["-m", "srcore", "ray", "upscale", "--workers", str(PROCESSES)],
}
#: Sides of images, and how many there are.
SETS = {"96x96": (96, 1000), "320x320": (320, 120)}
REPEATS = 2


def content(folder: Path) -> dict[str, bytes]:
    """Bytes of all files by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def once(way: str, source: Path) -> float:
    """Seconds of a command; its results are looked at, and deleted."""
    output = source.with_name("out")
    options = ["--device", "cpu", "--quiet"]
    # Else torchrun gives each process one thread, and a process alone has as many as cores.
    alone = way == "srcore upscale"
    environment = {**os.environ, "OMP_NUM_THREADS": str(PROCESSES if alone else 1)}
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, *WAYS[way], str(source), "-o", f"{output}/", *options],
        check=True,
        capture_output=True,
        env=environment,
    )
    taken = time.perf_counter() - begin
    made = content(output)
    shutil.rmtree(output)
    expected = EXPECTED.setdefault(source, made)
    assert made == expected, f"{way}: other results than the first way made"
    return taken


#: Results of the first way, by folder of inputs.
EXPECTED: dict[Path, dict[str, bytes]] = {}


def main() -> None:
    """Measure all ways in turns."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (side, count) in SETS.items():
            source = Path(folder, name, "in")
            for number in range(count):
                write_image(source / f"{number}.png", tiny_image(number, side, side), durable=False)
            times: dict[str, list[float]] = {way: [] for way in WAYS}
            for turn in range(REPEATS):
                ways = list(WAYS)
                for way in ways[turn:] + ways[:turn]:
                    times[way].append(once(way, source))
            results[name] = {
                way: {
                    "seconds": summary(values),
                    "images_per_second": count / summary(values)["median"],
                }
                for way, values in times.items()
            }
            for way, row in results[name].items():
                seconds, rate = row["seconds"]["median"], row["images_per_second"]
                print(f"{name:8} {way:20} {seconds:7.1f} s  {rate:7.1f} images/s", flush=True)
    counts = {name: count for name, (_, count) in SETS.items()}
    print(write_results("upscaling_jobs", results, repeats=REPEATS, images=counts))


if __name__ == "__main__":
    main()
