"""How starts grow with the number of images: pairs of small PNG files in two folders.

python benchmarks/scale.py [--most 1000000]

For 10^3, 10^4, ... pairs, each command in a process of its own: `srcore check --all` where nothing
was scanned before (the first time, all headers are read), the same again (times of all files are
compared with the index), and `srcore run` of two iterations after that. Wall and processor time and
the largest memory are of the command with the processes that it starts. The files were written a
moment before: the system has them in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import write_results

from srcore.testing import write_tiny_images

EXPERIMENT = """
scale = 4
[generator]
type = "edsr"
num_features = 8
num_blocks = 1
[[losses]]
type = "l1"
[optimizer.generator]
type = "adam"
[data.train]
type = "paired_folder"
hr = "hr"
lr = "lr"
hr_patch_size = 48
[train]
iterations = 2
batch_size = 2
validate_every = 0
"""
#: Runs a command and tells of it what the system counted.
TIMED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "code": code,
    "seconds": round(time.perf_counter() - began, 2),
    "processor_seconds": round(used.ru_utime + used.ru_stime, 2),
    "megabytes": round(used.ru_maxrss / 1024),
}))
"""
COMMANDS = {
    "check, nothing scanned": ["check", "x.toml", "--all"],
    "check again": ["check", "x.toml", "--all"],
    "run of two iterations": ["run", "x.toml", "--quiet"],
}


def write_pairs(folder: Path, first: int, last: int) -> None:
    """Pairs of those numbers; every file is one of its own."""
    for kind, side in (("hr", 48), ("lr", 12)):
        seed = write_tiny_images(folder / f"seed_{kind}", 1, height=side, width=side)
        content = (seed / "00.png").read_bytes()
        (folder / kind).mkdir(exist_ok=True)
        for number in range(first, last):
            (folder / kind / f"{number:08}.png").write_bytes(content)


def figures_of(folder: Path) -> dict[str, Any]:
    """Every command once, in the order in which a user would meet them."""
    results = {}
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    for name, arguments in COMMANDS.items():
        command = [sys.executable, "-c", TIMED, sys.executable, "-m", "srcore", *arguments]
        answer = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
        results[name] = json.loads(answer.stdout)
        if results[name].pop("code"):
            sys.exit(f"{name}: {answer.stderr}")
        print(name, results[name], flush=True)
    return results


def main() -> None:
    """Measure all sizes and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=10**6, help="pairs")
    chosen = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "x.toml").write_text(EXPERIMENT, "utf-8")
        done, count = 0, 1000
        while count <= chosen.most:
            write_pairs(folder, done, count)
            time.sleep(3)  # a file of this moment is not believed to stay as it is
            subprocess.run(["rm", "-rf", folder / "cache", folder / "runs"], check=True)
            print(f"{count:,} pairs")
            results[f"{count:,} pairs"] = figures_of(folder)
            done, count = count, count * 10
        write_results("scale", results, most=chosen.most)  # before minutes of deleting


if __name__ == "__main__":
    main()
