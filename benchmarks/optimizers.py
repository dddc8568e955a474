"""What optimizers make of one small recipe with equal budgets: final PSNR and time per step.

    nice -n 15 python benchmarks/optimizers.py [NAME ...]

Every optimizer trains the same small EDSR at x2 on the example images with L1, as many iterations,
at three learning rates from three seeds each (start and crops); a rate counts by its mean, an
optimizer by its best rate, so every one has the budget of nine trainings. All have the same
warm-up, and a cosine to 0 but for those that bring their own way of ending (schedule-free) and
Prodigy's estimate. Everything else is the default of the component. PSNR is on Y of the validation
images. The time of a step is the median of the thread's time in an iteration (forward and backward
pass, optimizer; no validation).

It says what a few hundred iterations on seven images say, and nothing of long trainings: rates
that are best here are for this network and this length. The gate: two trainings with Adam end with
the same weights, to the bit. NAMEs measure these anew and keep the others.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import tomli_w
import torch
from harness import RESULTS, write_results
from ignite.engine import Engine, Events

from srcore.engine.finiteness import NonFiniteLossError
from srcore.hookspecs import hookimpl
from srcore.launching.stages import run_experiment
from srcore.testing.experiments import load_unchecked

ITERATIONS, WARMUP = 150, 15
SEEDS = (1, 2, 3)
#: Rates that are tried.
RATES: dict[str, tuple[float, float, float]] = {
    "adam": (3e-4, 1e-3, 3e-3),
    "adamw": (3e-4, 1e-3, 3e-3),
    "adan": (1e-3, 3e-3, 1e-2),
    "ademamix": (3e-4, 1e-3, 3e-3),
    "came": (2e-4, 6e-4, 2e-3),
    "lamb": (3e-3, 1e-2, 3e-2),
    "lion": (1e-4, 3e-4, 1e-3),
    "mars": (1e-3, 3e-3, 1e-2),
    "muon": (3e-3, 1e-2, 3e-2),
    "nadam": (3e-4, 1e-3, 3e-3),
    "prodigy": (0.3, 1.0, 3.0),
    "schedule_free_adamw": (1e-3, 3e-3, 1e-2),
    "sgd": (1e-2, 3e-2, 1e-1),
    "soap": (1e-3, 3e-3, 1e-2),
    "stable_adamw": (3e-4, 1e-3, 3e-3),
}
#: Keys beside the rate.
KEYS: dict[str, dict[str, Any]] = {"sgd": {"momentum": 0.9}}
COSINE = {"type": "cosine", "periods": [ITERATIONS], "warmup_iterations": WARMUP}
CONSTANT = {"type": "constant", "warmup_iterations": WARMUP}
IMAGES = Path(__file__).parents[1] / "examples/images"


def experiment(name: str, rate: float, seed: int) -> dict[str, Any]:
    """The recipe with an optimizer and a seed."""
    optimizer = {"type": name, "learning_rate": rate, **KEYS.get(name, {})}
    return {
        "name": "run",
        "scale": 2,
        "seed": seed,
        "generator": {"type": "edsr", "num_features": 16, "num_blocks": 4},
        "losses": [{"type": "l1"}],
        "optimizer": {"generator": optimizer},
        "schedule": {"generator": CONSTANT if name.startswith("schedule_free") else COSINE},
        "data": {
            "train": {
                "type": "hr_folder", "hr": str(IMAGES / "train"), "hr_patch_size": 48,
                "workers": 0, "cache": "memory",
            },
            "validation": {"own": {"type": "hr_folder", "hr": str(IMAGES / "validation")}},
        },
        "metrics": [{"type": "psnr"}],
        "train": {
            "iterations": ITERATIONS, "batch_size": 4, "ema_decay": 0, "device": "cpu",
            "log_every": ITERATIONS, "checkpoint_every": ITERATIONS, "images": 0,
            "tensorboard": False,
        },
    }  # fmt: skip


@attrs.define
class Clock:
    """A plugin that measures iterations."""

    times: list[float] = attrs.field(factory=list)
    begin: float = 0.0

    @hookimpl
    def srcore_engines_created(self, trainer: Engine) -> None:
        """Take the thread's time before and after every iteration."""
        trainer.add_event_handler(Events.ITERATION_STARTED, self._start)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._stop)

    def _start(self) -> None:
        self.begin = time.thread_time()

    def _stop(self) -> None:
        self.times.append(time.thread_time() - self.begin)


def trained(name: str, rate: float, seed: int) -> dict[str, Any]:
    """Train once: PSNR in dB, milliseconds per step; the weights for the gate."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.toml"
        file.write_text(tomli_w.dumps(experiment(name, rate, seed)), "utf-8")
        loaded = load_unchecked(file)
        loaded = attrs.evolve(loaded, plugins=loaded.plugins.extended(clock))
        run_experiment(loaded, Path(folder), quiet=True)
        lines = (Path(folder) / "run/metrics.jsonl").read_text("utf-8").splitlines()
        weights = (Path(folder) / "run/generator.safetensors").read_bytes()
    rows = [json.loads(line) for line in lines]
    (psnr,) = [row["values"]["psnr"] for row in rows if row["phase"] == "own"]
    return {
        "psnr": round(psnr, 3),
        "milliseconds": round(1000 * statistics.median(clock.times[WARMUP:]), 2),
        "weights": weights,
    }


def measured(name: str) -> dict[str, Any]:
    """The trainings of an optimizer, and the best of its rates."""
    runs = {f"{rate:g}": of_seeds(name, rate) for rate in RATES[name]}
    best = max(runs, key=lambda rate: runs[rate]["psnr"])
    return {"rate": float(best), **runs[best], "runs": runs, "load": os.getloadavg()[0]}


def of_seeds(name: str, rate: float) -> dict[str, Any]:
    """Mean and range of the PSNR of all seeds, 0 where one diverged; median time."""
    runs: list[dict[str, Any]] = []
    for seed in SEEDS:
        try:
            runs.append(trained(name, rate, seed))
        except NonFiniteLossError:
            row = {"psnr": 0.0, "diverged": f"seed {seed}"}
            print(f"{name} {rate:g}: {row}", flush=True)
            return row
    values = [run["psnr"] for run in runs]
    row = {
        "psnr": round(statistics.mean(values), 3),
        "range": [min(values), max(values)],
        "milliseconds": round(statistics.median(run["milliseconds"] for run in runs), 2),
    }
    print(f"{name} {rate:g}: {row}", flush=True)
    return row


def keep(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Write a row beside those that are there already; all of them, the best first."""
    file = RESULTS / "optimizers.json"
    known = json.loads(file.read_text("utf-8"))["results"] if file.is_file() else {}
    ordered = dict(sorted((known | {name: row}).items(), key=lambda entry: -entry[1]["psnr"]))
    write_results(
        "optimizers",
        ordered,
        iterations=ITERATIONS,
        warmup=WARMUP,
        rates=3,
        seeds=len(SEEDS),
        batch=4,
        patch=48,
        scale=2,
        network="EDSR, 16 features, 4 blocks",
        pytorch_optimizer=version("pytorch-optimizer"),
        gate="two equal trainings end with equal weights",
    )
    return ordered


def main() -> None:
    """Measure the optimizers that are named, or all, and write the table."""
    torch.set_num_threads(1)
    first, second = (trained("adam", 1e-3, SEEDS[0])["weights"] for _ in range(2))
    if first != second:
        sys.exit("two equal trainings end with other weights")
    ordered: dict[str, Any] = {}
    for name in sys.argv[1:] or RATES:
        ordered = keep(name, measured(name))
    for name, row in ordered.items():
        quality = f"{row['psnr']:.2f} dB {row['range']}"
        print(f"{name:20s} {quality} at {row['rate']:g}, {row['milliseconds']} ms")


if __name__ == "__main__":
    main()
