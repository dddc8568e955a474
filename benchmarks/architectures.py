"""What every network costs: parameters, multiply-adds, activations, convolutions, memory and time.

    python benchmarks/architectures.py [NAME ...]

Networks of srcore and srplug-spandrel as a shipped experiment has them, else by their default
options, at x4 where they have it. Counted are, as the efficiency challenges of NTIRE do, for an
image of 256x256 pixels and with branches merged: parameters that are used, multiplications with
addition (of convolutions, linear layers and matrix products; theirs adds those of offsets), values
that convolutions put out, and calls of convolutions. The gate is their baseline, MSRResNet: 1.517
million parameters, 292.55 million values, 37 convolutions.

Memory is what a process grows by in a training step (L1, no optimizer) on one patch, or as many as
the network needs, of the side in ``published_patches``; time is the median of five images of 64x64
pixels on one thread, in processor time. Every network says when, at which commit and load it was
measured. NAMEs measure these anew and keep the others.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import resource
import statistics
import time
from typing import Any

import torch
from harness import RESULTS, environment, write_results
from published_patches import PATCHES
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

import srcore
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_unchecked
from srcore.weights.deploying import deployed

COUNTED, TIMED, RUNS = 256, 64, 5
#: Shipped experiments whose sizes are taken.
EXPERIMENTS = {
    "atd": "spandrel/atd_x4",
    "compact": "spandrel/compact_x4",
    "dat": "spandrel/dat_2_x4",
    "drct": "spandrel/drct_l_x4",
    "omnisr": "spandrel/omnisr_x4",
    "plksr": "spandrel/plksr_x4",
    "rcan": "spandrel/rcan_x4",
    "realplksr": "spandrel/realplksr_x4",
    "span": "spandrel/span_x4",
}
OWN = {
    "compact": ("Compact", "Wang et al. 2021, arXiv 2107.10833"),
    "edsr": ("EDSR", "Lim et al. 2017, arXiv 1707.02921"),
    "msrresnet": ("MSRResNet", "Ledig et al. 2017, arXiv 1609.04802"),
    "rrdbnet": ("RRDBNet", "Wang et al. 2018, arXiv 1809.00219"),
    "swinir": ("SwinIR", "Liang et al. 2021, arXiv 2108.10257"),
}
#: Keys of the table of a generator that say nothing of its sizes.
NO_SIZES = ("type", "checkpointing")
GATE = ("msrresnet", {"parameters": 1517571, "activations": 292552704, "convolutions": 37})


class Watching(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Counts calls of convolutions and the values that they put out; sees what is used."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.calls = self.values = 0
        self.used: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        self.used.update(id(part) for part in tree_leaves((args, kwargs)))
        if func is torch.ops.aten.convolution.default:
            self.calls, self.values = self.calls + 1, self.values + made.numel()
        return made


def networks() -> dict[str, str]:
    """Names by component."""
    owners = ("srcore", "srplug-spandrel")
    names = (c.name for c in plugins().registry.components("network") if c.owner in owners)
    return {name.removeprefix("spandrel_"): name for name in names}


def about(name: str) -> dict[str, Any]:
    """Title, paper, scale and the images that a step needs."""
    from srplug_spandrel.catalog import ARCHITECTURES

    if name in OWN:
        title, paper = OWN[name]
        return {"title": title, "paper": paper, "scale": 4, "images": 1}
    entry = ARCHITECTURES[name]
    return {
        "title": entry.title,
        "paper": entry.paper,
        "scale": 4 if 4 in entry.scales else max(entry.scales),
        "images": entry.least_batch,
    }


def built(name: str) -> Any:
    """The network of published size."""
    torch.manual_seed(0)
    keys = {}
    if name in EXPERIMENTS:
        table = load_unchecked(EXPERIMENTS[name]).stages[0].table["generator"]
        assert table["type"] == networks()[name]
        keys = {key: value for key, value in table.items() if key not in NO_SIZES}
    return srcore.build("network", networks()[name], scale=about(name)["scale"], **keys)


@torch.no_grad()
def counts(name: str) -> dict[str, Any]:
    """What is counted; without memory where a network can be run so."""
    network = built(name)
    merged = deployed(network.eval()).eval()
    try:
        with torch.device("meta"):
            return counted(copy.deepcopy(merged).to("meta"))
    except Exception as error:  # it looks at values, or makes some on the CPU
        print(f"{name}: counted with memory ({type(error).__name__})", flush=True)
        return counted(merged)


def counted(merged: Any) -> dict[str, Any]:
    """Counts of a network with its branches merged."""
    device = next(merged.parameters()).device
    image = torch.rand(1, merged.in_channels, COUNTED, COUNTED, device=device)
    flops, watching = FlopCounterMode(display=False), Watching()
    with flops, watching:
        merged(image)
    return {
        "parameters": sum(p.numel() for p in merged.parameters() if id(p) in watching.used),
        "multiply_adds": flops.get_total_flops() // 2,
        "activations": watching.values,
        "convolutions": watching.calls,
    }


@torch.no_grad()
def seconds(name: str) -> dict[str, Any]:
    """Time of an image."""
    network = built(name)
    merged = deployed(network.eval()).eval()
    image = torch.rand(1, network.in_channels, TIMED, TIMED)
    merged(image)
    times = []
    for _ in range(RUNS):
        begin = time.thread_time()
        merged(image)
        times.append(time.thread_time() - begin)
    return {"seconds": round(statistics.median(times), 4), "all_seconds": times}


def step(name: str) -> dict[str, Any]:
    """Memory of a training step."""
    network, patch = built(name).train(), PATCHES[name]
    side = patch.measured or patch.side
    image = torch.rand(about(name)["images"], network.in_channels, side, side)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    network(image).abs().mean().backward()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"patch": side, "step_megabytes": round(grown)}


def circumstances() -> dict[str, Any]:
    """When a network was measured, on what and beside what else."""
    now = environment()
    shown = {key: now[key] for key in ("commit", "date", "load_average")}
    return {"measured": {**shown, "torch": now["packages"]["torch"]}}


def alone(task: Any, name: str) -> dict[str, Any]:
    """What a task finds in a process of its own, whose memory is nobody else's."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    process = context.Process(target=lambda: answer.put(task(name)))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{name}: {task.__name__} ended with {process.exitcode}")
    figures: dict[str, Any] = answer.get()
    return figures


def main() -> None:
    """Measure what is asked for, all by default: counts first, then the small ones first."""
    known, file = networks(), RESULTS / "architectures.json"
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}")
    names = parser.parse_args().names or list(known)
    if unknown := set(names) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    results = json.loads(file.read_text("utf-8"))["results"] if file.exists() else {}

    def keep(name: str, figures: dict[str, Any]) -> None:
        results[name] = {**results.get(name, {}), **figures}
        print(name, figures, flush=True)
        kept = {key: results[key] for key in sorted(results)}
        write_results("architectures", kept, counted=COUNTED, timed=TIMED)

    for name in names:
        sizes = EXPERIMENTS.get(name, "")
        figures = {"component": known[name], "sizes": sizes, **about(name), **alone(counts, name)}
        if name == GATE[0]:
            assert GATE[1].items() <= figures.items(), figures
        keep(name, figures)
    for name in sorted(names, key=lambda name: int(results[name]["multiply_adds"])):
        keep(name, {**alone(step, name), **alone(seconds, name), **circumstances()})


if __name__ == "__main__":
    main()
