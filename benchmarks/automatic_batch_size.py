"""Whether `batch_size = "auto"` ever ends a run for lack of memory: ten random experiments.

python benchmarks/automatic_batch_size.py [--seed 0] [--gigabytes 2.5]

Recipes, sizes of crops and of networks are drawn; every experiment is then run as by `srcore run`,
with `batch_size = "auto"`, for some iterations and a validation, by a process whose memory is
limited (`ulimit -d`, which its probes inherit), so that numbers of images do meet a bound. Noted
are the number that was found, the largest memory of the run, and how it ended.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import tomllib
from harness import write_results

#: Recipe and the keys that are drawn: the size of the crop in pixels, width of the network.
RECIPES: dict[str, dict[str, list[int]]] = {
    "psnr_rrdb_tiny": {"generator.num_features": [16, 32], "generator.num_blocks": [1, 4]},
    "esrgan_tiny": {"generator.num_features": [16, 32]},
    "realesrgan_tiny": {"generator.num_features": [16, 32]},
    "ldl/tiny": {"generator.num_features": [8, 24]},
    "sed/tiny_patch": {"generator.num_features": [8, 24]},
    "esrdgan/tiny": {"generator.num_blocks": [1, 3]},
    "optimizers/tiny": {"generator.num_features": [16, 64]},
    "spandrel/tiny": {},
}
ITERATIONS = 4
COPIES = 64


def drawn(seed: int) -> tuple[str, list[str]]:
    """A random experiment: a recipe and what overrides it."""
    chance = random.Random(seed)
    name = chance.choice(sorted(RECIPES))
    overrides = [f"{key}={chance.randint(*span)}" for key, span in RECIPES[name].items()]
    return name, overrides


def multiplied(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """With every training image under many names, so that there are more than memory holds."""
    data = table["data"]["train"]
    folder.mkdir()
    for file in sorted(Path(data["hr"]).iterdir()):
        for copy in range(COPIES):
            shutil.copy(file, folder / f"{file.stem}_{copy}{file.suffix}")
    train = {**table["train"], "batch_size": "auto"}
    return {
        **table,
        "train": train,
        "data": {**table["data"], "train": {**data, "hr": str(folder)}},
    }


def limited(gigabytes: float) -> None:
    """Limit the memory of this process and of those that it begins."""
    bound = int(gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))


def outcome(seed: int, gigabytes: float, place: Path) -> dict[str, Any]:
    """Run a random experiment."""
    from estimates import resolved

    from srcore.config.plain_tables import write_table

    name, overrides = drawn(seed)
    place.mkdir()
    table = resolved(name, place, ITERATIONS, ["train.device=cpu", *overrides])
    write_table(place / "experiment.toml", multiplied(table, place / "many"))
    command = [
        sys.executable,
        "-m",
        "srcore",
        "run",
        str(place / "experiment.toml"),
        "--output",
        str(place / "runs"),
        "--quiet",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: limited(gigabytes),
    )
    (written,) = (place / "runs").glob("*/experiment.toml") if done.returncode == 0 else [None]
    number = None if written is None else tomllib.loads(written.read_text())["train"]["batch_size"]
    last = done.stderr.strip().splitlines()[-1:]
    return {
        "recipe": name,
        "overrides": overrides,
        "batch_size": number,
        "exit_code": done.returncode,
        "said": "" if done.returncode == 0 else " ".join(last),
    }


def main() -> None:
    """Run ten and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--gigabytes", type=float, default=2.5)
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(chosen.seed, chosen.seed + chosen.count):
            results[str(seed)] = outcome(seed, chosen.gigabytes, Path(folder) / str(seed))
            print(seed, results[str(seed)], flush=True)
    ended = [seed for seed, it in results.items() if it["exit_code"]]
    print("ended without a result:", ended or "none")
    write_results("automatic_batch_size", results, gigabytes=chosen.gigabytes, ended=ended)


if __name__ == "__main__":
    main()
