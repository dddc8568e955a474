"""Whether `srcore estimate` is true: memory and time of shipped recipes, estimated and then run.

python benchmarks/estimates.py [--iterations 16]

The last stage of every recipe is resolved as `srcore estimate` does and estimated; then the same
file is run for some iterations, saved and validated. Both happen in fresh processes with one
PyTorch thread. Compared are the largest memory of the whole stage beyond what was in use before it
was built, and the processor time of the training process per iteration, without the first two.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from harness import write_results

RECIPES = (
    "psnr_rrdb_tiny", "esrgan_tiny", "realesrgan_tiny", "ldl/tiny", "ldl/tiny_realworld",
    "sed/tiny_patch", "sed/tiny_unet", "esrdgan/tiny", "optimizers/tiny", "spandrel/tiny",
)  # fmt: skip
SIZES = ("train.device=cpu", "train.validate_every=0", "train.checkpoint_every=1000")
MEMORY_AIM, TIME_AIM = 0.10, 0.15


def resolved(name: str, folder: Path, iterations: int) -> dict[str, Any]:
    """The table of the last stage, with all that is missing stood in for."""
    from srcore.estimating.standing_in import stand_in
    from srcore.testing.experiments import load_unchecked

    loaded = load_unchecked(name, (*SIZES, f"train.iterations={iterations}"))
    (images := folder / "images").mkdir()
    return stand_in(*loaded.examine(loaded.stages[-1]), images).table


def really_run(folder: Path) -> None:
    """In a process of its own: run the experiment of a folder and tell what it took."""
    import torch
    from ignite.engine import Engine, Events

    from srcore.config.experiment import load_experiment
    from srcore.engine.stages import run_experiment
    from srcore.engine.training import Training  # noqa: F401 - imported before memory is measured
    from srcore.estimating.measuring import measure  # noqa: F401 - the same modules as estimated
    from srcore.estimating.peak_memory import PeakMemory
    from srcore.hookspecs import hookimpl
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
            times.append(time.process_time())

    plugins = PluginManager(extra=[Clock()])
    loaded = load_experiment(folder / "experiment.toml", plugins=plugins)
    peaks = PeakMemory(torch.device("cpu"))
    run_experiment(loaded, folder / "runs", quiet=True)
    each = [after - before for before, after in itertools.pairwise(times[1:])]
    figures = {"memory": peaks.bytes(), "processor_seconds": statistics.mean(each)}
    (folder / "run.json").write_text(json.dumps(figures), "utf-8")


def compared(name: str, iterations: int) -> dict[str, Any]:
    """Both figures of a recipe, estimated and of the run."""
    from srcore.estimating.child import try_experiment, working_folder
    from srcore.plugin.manager import plugins

    with working_folder() as folder:
        table = resolved(name, folder, iterations)
        estimated = try_experiment(table, plugins(), {"seconds": 5.0}, folder / "trial", name)
        (folder / "experiment.toml").write_bytes((folder / "trial/experiment.toml").read_bytes())
        subprocess.run([sys.executable, __file__, "--run", str(folder)], check=True)
        run = json.loads((folder / "run.json").read_text("utf-8"))
    memory = max(estimated["memory"][key] for key in ("training", "saving", "validation"))
    return {
        "memory_estimated": memory,
        "memory_of_run": run["memory"],
        "memory_ratio": round(memory / run["memory"], 3),
        "processor_seconds_estimated": round(estimated["processor_seconds"], 4),
        "processor_seconds_of_run": round(run["processor_seconds"], 4),
        "time_ratio": round(estimated["processor_seconds"] / run["processor_seconds"], 3),
        "steps": estimated["steps"],
    }


def main() -> None:
    """Compare all recipes and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=16)
    parser.add_argument("--run", type=Path, help="internal: run the experiment of a folder")
    chosen = parser.parse_args()
    if chosen.run is not None:
        really_run(chosen.run)
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    results: dict[str, Any] = {}
    for name in RECIPES:
        results[name] = compared(name, chosen.iterations)
        print(name, results[name], flush=True)
    missed = [
        name
        for name, it in results.items()
        if abs(it["memory_ratio"] - 1) > MEMORY_AIM or abs(it["time_ratio"] - 1) > TIME_AIM
    ]
    print("beyond the aims:", missed or "none")
    write_results("estimates", results, iterations=chosen.iterations, beyond_the_aims=missed)


if __name__ == "__main__":
    main()
