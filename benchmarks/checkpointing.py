"""Memory and time of a training step with and without `[generator] checkpointing`.

python benchmarks/checkpointing.py

Networks of published sizes at x4, low-resolution patches of 48 pixels (64 for HAT), one image (two
for DAT, whose batch normalization wants them). Each step runs in a process of its own, on one CPU
thread; its memory is what the process grew by at its largest. Gate: the sums of all gradients are
equal.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from typing import Any

import torch
from harness import write_results

import srcore
from srcore.engine.recomputing import recompute_

DAT = {"depth": [6] * 6, "num_heads": [6] * 6, "split_size": [8, 32]}
CASES: dict[str, tuple[str, dict[str, Any], tuple[int, int]]] = {
    "SwinIR": ("swinir", {}, (1, 48)),
    "HAT": ("spandrel_hat", {}, (1, 64)),
    "DAT": ("spandrel_dat", DAT, (2, 48)),
}
REPEATS = 1


def step(name: str, checkpointing: bool, answer: Any) -> None:
    """One process: builds the network, computes gradients, tells memory, time and their sum."""
    torch.set_num_threads(1)
    kind, keys, (batch, side) = CASES[name]
    torch.manual_seed(0)
    network = srcore.build("network", kind, scale=4, **keys).train()
    if checkpointing:
        recompute_(network)
    image = torch.rand(batch, 3, side, side)
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for repeat in range(REPEATS):
        torch.manual_seed(repeat)
        network.zero_grad()
        begin = time.thread_time()
        network(image).abs().mean().backward()
        seconds.append(time.thread_time() - begin)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    total = sum(float(p.grad.double().sum()) for p in network.parameters() if p.grad is not None)
    answer.put((grown, min(seconds), total))


def main() -> None:
    """Measure all networks both ways."""
    context = multiprocessing.get_context("spawn")
    results = {}
    for name in CASES:
        answers = {}
        for checkpointing in (False, True):
            answer = context.SimpleQueue()
            process = context.Process(target=step, args=(name, checkpointing, answer))
            process.start()
            answers[checkpointing] = answer.get()
            process.join()
        (plain, plain_s, plain_sum), (less, less_s, less_sum) = answers[False], answers[True]
        assert plain_sum == less_sum, f"{name}: other gradients"
        results[name] = {
            "megabytes": round(plain),
            "megabytes_checkpointing": round(less),
            "saved": round(1 - less / plain, 3),
            "seconds": round(plain_s, 2),
            "seconds_checkpointing": round(less_s, 2),
        }
        print(name, results[name], flush=True)
    write_results("checkpointing", results)


if __name__ == "__main__":
    main()
