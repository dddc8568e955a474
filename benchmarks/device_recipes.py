"""Peak memory of the shipped experiments: three iterations of every stage on made-up images.

python benchmarks/device_recipes.py --device cuda --limit 60

Networks, losses, batches and crops are those of the file. Pretrained weights are random ones, which
take the same room; experiments that cannot run here say why. Stages that make data or convert
weights count too, where they need no file.
"""

from __future__ import annotations

import contextlib
import copy
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import attrs
import torch
from harness import device_parser, write_results

from srcore.checking.experiment import LoadedExperiment
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_unchecked
from srcore.testing.runs import provide_images
from srcore.testing.tiny_images import write_tiny_images

SIDE = 480  # of the made-up images; crops have up to 400 pixels
TINY = ("psnr_rrdb_tiny", "dlsn/tiny_x2")


def main() -> None:
    """One experiment after the other, until the time is over."""
    parser = device_parser(__doc__)
    parser.add_argument("--limit", type=float, default=600, help="seconds")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    names = sorted(plugins().registry.experiments())
    names = [name for name in names if ("tiny" in name) == options.tiny and name != "small"]
    if options.tiny:
        names = [name for name in names if name in TINY]
    end = time.monotonic() + options.limit
    results: dict[str, str | dict[str, int]] = {}
    for name in names:
        if time.monotonic() > end:
            results[name] = "not run: no time was left"
            continue
        began = time.monotonic()
        results[name] = peak(name, options.device)
        print(f"{name}: {results[name]} ({time.monotonic() - began:.1f} s)", flush=True)
        write_results("device_recipes", results)
    write_results("device_recipes", results)


def peak(name: str, device: str) -> str | dict[str, int]:
    """MiB that a short run allocates, or why there is no run."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        try:
            loaded = shortened(name, device)
            write_tiny_images(Path("images"), 4, height=SIDE, width=SIDE)
            provide_images(loaded)
            with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
                run_experiment(loaded, Path(folder, "runs"), quiet=True)
        except SrcoreError as error:
            return f"not run: {str(error)[:300]}"
        except Exception as error:  # one that breaks must not hide the others
            return f"failed: {type(error).__name__}: {str(error)[:300]}"
        finally:
            os.chdir(before)
        if device != "cuda":
            return "ran"
        return {
            "allocated_mib": round(torch.cuda.max_memory_allocated() / 2**20),
            "reserved_mib": round(torch.cuda.max_memory_reserved() / 2**20),
        }


def shortened(name: str, device: str) -> LoadedExperiment:
    """The experiment with three iterations on made-up images, with nothing to be downloaded."""
    loaded = load_unchecked(name)
    stages = tuple(
        attrs.evolve(stage, table=short_table(copy.deepcopy(stage.table), device))
        for stage in loaded.stages
    )
    return attrs.evolve(loaded, stages=stages)


def short_table(table: dict[str, Any], device: str) -> dict[str, Any]:
    """A stage that keeps what memory depends on: networks, losses, batches and crops."""
    table.pop("metrics", None)
    train = table.setdefault("train", {})
    train |= {"iterations": 3, "device": device, "checkpoint_every": 1000, "tensorboard": False}
    train.pop("compile", None)
    data = table.get("data", {})
    data.pop("validation", None)
    images = data.get("train", {})
    images["workers"] = 2
    images.pop("meta_info", None)
    if images.get("type") == "paired_folder":
        kept = ("hr_patch_size", "flip", "rotate", "transforms", "workers")
        data["train"] = {"type": "hr_folder", "hr": "images"}
        data["train"] |= {key: images[key] for key in kept if key in images}
    elif images.get("type") == "hr_folder":
        images["hr"] = "images"
    for loss in table.get("losses", ()):
        options = plugins().registry.get("loss", loss["type"]).options
        if "weights" in attrs.fields_dict(options):
            loss["weights"] = "random"
    if "semantics" in table.get("discriminator", {}):
        table["discriminator"]["semantics"]["weights"] = "random"
    generator = table.get("generator", {})
    if not str(generator.get("weights", "stage:")).startswith("stage:"):
        del generator["weights"]
    return table


if __name__ == "__main__":
    main()
