"""Whether `srcore estimate` is true: memory and time of shipped recipes, estimated and then run.

python benchmarks/estimates.py [--iterations 32] [--rounds 3] [--device cuda] [--recipes NAME ...]

The last stage of every recipe is resolved as `srcore estimate` does and estimated; then the same
file is run for some iterations, saved and validated. Both happen in fresh processes with one
PyTorch thread.

Memory is the largest of the whole stage beyond what Python and PyTorch take. It is compared with
glibc's `MALLOC_MMAP_THRESHOLD_` set for both: at these sizes the threshold that glibc adapts moves
the peak of one and the same run by a third from one time to the next, which no estimate can know.
Time is the processor time of the training process per iteration, without the first two, without
that setting, in rounds: an estimate, then a run; the least of the rounds are compared, for what
others do on the same machine only adds to either. All of them stand in the result. On CUDA memory
is what PyTorch has allocated on the device, and time is that of the clock, the device waited for.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import RESULTS, write_results

RECIPES = (
    "psnr_rrdb_tiny", "esrgan_tiny", "realesrgan_tiny", "ldl/tiny", "ldl/tiny_realworld",
    "sed/tiny_patch", "sed/tiny_unet", "esrdgan/tiny", "optimizers/tiny", "spandrel/tiny",
)  # fmt: skip
SIZES = ("train.validate_every=0", "train.checkpoint_every=1000")
MEMORY_AIM, TIME_AIM = 0.10, 0.15
#: That a trial's and a run's steps are timed for.
SECONDS = 4.0
#: glibc's own beginning; set, it is not adapted.
FIXED_THRESHOLD = {"MALLOC_MMAP_THRESHOLD_": "131072"}


def resolved(
    name: str, folder: Path, iterations: int, overrides: Sequence[str] = ("train.device=cpu",)
) -> dict[str, Any]:
    """The table of the last stage, with all that is missing stood in for."""
    from srcore.estimating.standing_in import stand_in
    from srcore.testing.experiments import load_unchecked

    loaded = load_unchecked(name, (*SIZES, f"train.iterations={iterations}", *overrides))
    (images := folder / "images").mkdir()
    return stand_in(*loaded.examine(loaded.stages[-1]), images).table


def really_run(folder: Path) -> None:
    """In a process of its own: run the experiment of a folder and tell what it took."""
    import torch

    from srcore.estimating.peak_memory import PeakMemory, count_memory_from_here

    count_memory_from_here()
    from ignite.engine import Engine, Events

    from srcore.checking.experiment import load_experiment
    from srcore.hookspecs import hookimpl
    from srcore.launching.stages import run_experiment
    from srcore.plugin.manager import PluginManager

    times: list[float] = []

    class Clock:
        """Reads the processor time around every iteration."""

        @hookimpl
        def srcore_engines_created(self, trainer: Engine) -> None:
            """Begin with the iteration, end before anything is saved."""
            trainer.add_event_handler(Events.ITERATION_COMPLETED, self.read)

        def read(self) -> None:
            """An iteration is done."""
            if device.type == "cuda":
                torch.cuda.synchronize(device)
                times.append(time.perf_counter())
            else:
                times.append(time.process_time())

    plugins = PluginManager(extra=[Clock()])
    loaded = load_experiment(folder / "experiment.toml", plugins=plugins)
    device = torch.device(loaded.experiment(loaded.stages[0]).train.device)
    peaks = PeakMemory(device)
    run_experiment(loaded, folder / "runs", quiet=True)
    each = [after - before for before, after in itertools.pairwise(times[1:])]
    figures = {"memory": peaks.bytes(), "step_seconds": statistics.mean(each)}
    (folder / "run.json").write_text(json.dumps(figures), "utf-8")


def compared(name: str, iterations: int, rounds: int, device: str) -> dict[str, Any]:
    """Both figures of a recipe, estimated and of the run."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        table = resolved(name, place, iterations, (f"train.device={device}",))
        clocks = ("processor_seconds",) if device == "cpu" else ("step_seconds", "waiting_seconds")
        os.environ.update(FIXED_THRESHOLD)
        estimated = estimate_of(table, place / "estimated", {"seconds": 0.0})["memory"]
        memory = max(estimated[key] for key in ("training", "saving", "validation"))
        of_run = run_of(table, place / "run")["memory"]
        for variable in FIXED_THRESHOLD:
            del os.environ[variable]
        times: dict[str, list[float]] = {"estimated": [], "of_run": []}
        for number in range(rounds):
            job = {"seconds": SECONDS, "validates": False}
            figures = estimate_of(table, place / f"estimated{number}", job)
            times["estimated"].append(sum(figures[clock] for clock in clocks))
            if not number:  # both are watched for as long: a blink of a busy machine says nothing
                steps = math.ceil(SECONDS / times["estimated"][0])
                table["train"]["iterations"] = max(iterations, steps)
            times["of_run"].append(run_of(table, place / f"run{number}")["step_seconds"])
    least = {key: min(values) for key, values in times.items()}
    return {
        "memory_estimated": memory,
        "memory_of_run": of_run,
        "memory_ratio": round(memory / of_run, 3),
        "step_seconds": {key: [round(it, 4) for it in values] for key, values in times.items()},
        "time_ratio": round(least["estimated"] / least["of_run"], 3),
    }


def estimate_of(table: dict[str, Any], folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """A trial of the experiment."""
    from srcore.estimating.child import try_experiment
    from srcore.plugin.manager import plugins

    return try_experiment(table, plugins(), job, folder, folder.name)


def run_of(table: dict[str, Any], folder: Path) -> dict[str, float]:
    """A run of it."""
    from srcore.config.plain_tables import write_table

    folder.mkdir()
    write_table(folder / "experiment.toml", table)
    subprocess.run([sys.executable, __file__, "--run", str(folder)], check=True)
    figures: dict[str, float] = json.loads((folder / "run.json").read_text("utf-8"))
    return figures


def main() -> None:
    """Compare all recipes and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--run", type=Path, help="internal: run the experiment of a folder")
    chosen = parser.parse_args()
    if chosen.run is not None:
        really_run(chosen.run)
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    suffix = "" if chosen.device == "cpu" else f"_{chosen.device}"
    file = RESULTS / f"estimates{suffix}.json"
    known = json.loads(file.read_text("utf-8"))["results"] if file.is_file() else {}
    for name in chosen.recipes:
        row = compared(name, chosen.iterations, chosen.rounds, chosen.device)
        known[name] = {"rounds": chosen.rounds, **row}
        print(name, row, flush=True)
    keep(known, f"estimates{suffix}", iterations=chosen.iterations)


def keep(results: dict[str, Any], name: str, **facts: Any) -> None:
    """Write all recipes that were compared here, those of earlier times as well."""
    missed = [
        recipe
        for recipe, it in results.items()
        if abs(it["memory_ratio"] - 1) > MEMORY_AIM or abs(it["time_ratio"] - 1) > TIME_AIM
    ]
    print("beyond the aims:", missed or "none")
    write_results(name, results, **facts, beyond_the_aims=missed)


if __name__ == "__main__":
    main()
