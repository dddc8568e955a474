"""Adversarial training step: srcore's method "gan" against a hand-written loop of the same.

python benchmarks/gan_step.py

RRDBNet (64 features, 4 blocks, x4), VGG19 conv5_4 with random weights, VGG discriminator 128, batch
4 of LR 32x32, L1 + perceptual + relativistic average, Adam for both, average of the weights; one
CPU thread. Times: the whole engine, in turns with the loop. Gate: after all iterations both hold
the same networks. Page faults of the allocator take a tenth of either's time, another share in
every run: on a busy machine single runs differ by some percent.

Memory: every variant in a fresh process that has imported the same modules and built the same
networks; MiB by which the resident size grows beyond that, and its peak.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from engine_overhead import Step
from harness import ROOT, measure, print_table, summary, write_results
from training_pairs import first_batch, in_turns, largest_difference, make_training

from srcore.engine.training import Training
from srcore.machine.resident_memory import peak_bytes, resident_bytes

LIMIT, TOLERANCE = 0.03, 1e-4
PAIRS, WARMUP, MEMORY_RUNS, MEMORY_STEPS = 14, 2, 3, 3
FAST = ("train.channels_last=true", "train.precision=bfloat16")
EXPERIMENT = """
scale = 4
[method]
type = "gan"
[generator]
type = "rrdbnet"
num_blocks = 4
[discriminator]
type = "vgg"
input_size = 128
[[losses]]
type = "l1"
weight = 1e-2
[[losses]]
type = "perceptual"
weights = "random"
layers = { conv5_4 = 1.0 }
[[losses]]
type = "adversarial"
weight = 5e-3
relativistic = "average"
[optimizer.generator]
type = "adam"
learning_rate = 1e-4
[optimizer.discriminator]
type = "adam"
learning_rate = 1e-4
[data.train]
type = "hr_folder"
hr = "images"
hr_patch_size = 128
workers = 0
[train]
batch_size = 4
device = "cpu"
tensorboard = false
checkpoint_every = 1000000
"""


def bare_loop(
    training: Training, take: Callable[[Any], Any] = copy.deepcopy
) -> tuple[Step, dict[str, torch.nn.Module]]:
    """The step as one writes it by hand; returns (step, networks by name)."""
    networks = {name: take(network) for name, network in training.parts.networks.items()}
    generator, discriminator, average = networks.values()
    (features,) = (
        take(term.loss.features) for term in training.parts.losses if term.label == "perceptual"
    )
    adam_g, adam_d = (
        torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.9, 0.99))
        for network in (generator, discriminator)
    )

    def entropy(logits: torch.Tensor, target: float) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    def step(raw: Mapping[str, torch.Tensor]) -> None:
        lr, hr = (
            raw[name].permute(0, 3, 1, 2).float().contiguous().div_(255) for name in ("lr", "hr")
        )
        adam_g.zero_grad(set_to_none=True)
        discriminator.requires_grad_(False)
        sr = generator(lr)
        loss = 1e-2 * (sr - hr).abs().mean()
        with torch.no_grad():
            wanted = features(hr)["conv5_4"]
        loss = loss + (features(sr)["conv5_4"] - wanted).abs().mean()
        real, fake = discriminator(hr).detach(), discriminator(sr)
        loss = (
            loss + 5e-3 * (entropy(real - fake.mean(), 0.0) + entropy(fake - real.mean(), 1.0)) / 2
        )
        loss.backward()
        adam_g.step()
        adam_g.zero_grad(set_to_none=True)

        discriminator.requires_grad_(True)
        sr = sr.detach()
        adam_d.zero_grad(set_to_none=True)
        fake = discriminator(sr).detach()
        real = discriminator(hr)
        torch.autograd.backward(entropy(real - fake.mean(), 1.0) / 2)
        fake = discriminator(sr)
        torch.autograd.backward(entropy(fake - real.detach().mean(), 0.0) / 2)
        adam_d.step()
        adam_d.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 0.001)

    return step, networks


def iterate(training: Training, batch: Mapping[str, Any]) -> None:
    """One iteration of the engine."""
    training.trainer.state.iteration += 1
    training.iterate(training.trainer, dict(batch))


def compare(folder: Path) -> tuple[Any, Any, float]:
    """Times of the engine and the loop in turns; stops if their networks differ."""
    training = make_training(EXPERIMENT, folder, PAIRS + WARMUP + 1)
    step, networks = bare_loop(training)
    times, overhead = in_turns(training, step, first_batch(training), WARMUP)
    difference = max(
        largest_difference(network, networks[name])
        for name, network in training.parts.networks.items()
    )
    if difference > TOLERANCE:
        raise SystemExit(f"engine and bare loop differ by {difference:g}")
    return times, overhead, difference


def fast_step(folder: Path) -> dict[str, dict[str, Any]]:
    """Times of the engine with channels_last and bfloat16."""
    training = make_training(EXPERIMENT, folder, 1000, *FAST)
    call = partial(iterate, training, first_batch(training))
    return measure({"engine, channels_last + bfloat16": call}, repeats=5, warmup=1)


def memory_of(variant: str) -> None:
    """In a fresh process: print the growth and the peak of the resident size in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = FAST if variant == "engine, channels_last + bfloat16" else ()
        training = make_training(EXPERIMENT, Path(folder), 1000, *overrides)
        batch = first_batch(training)
        call = partial(iterate, training, batch)
        if variant == "bare":
            step, _ = bare_loop(training, take=lambda network: network)
            call = partial(step, batch)
        before = resident_bytes()
        for _ in range(MEMORY_STEPS):
            call()
        peak = peak_bytes()
        sys.stderr.write(json.dumps({"growth": (peak - before) / 2**20, "peak": peak / 2**20}))


def memory() -> dict[str, dict[str, Any]]:
    """Growth and peak of every variant, each several times in fresh processes, in turns."""
    variants = ("bare", "engine", "engine, channels_last + bfloat16")
    mebibytes: dict[str, dict[str, list[float]]] = {
        variant: {"growth": [], "peak": []} for variant in variants
    }
    for _ in range(MEMORY_RUNS):
        for variant in variants:
            done = subprocess.run(
                [sys.executable, __file__, "--memory", variant],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            for name, value in json.loads(done.stderr.splitlines()[-1]).items():
                mebibytes[variant][name].append(value)
    return {
        variant: {f"{name}_mib": summary(values) for name, values in entry.items()}
        for variant, entry in mebibytes.items()
    }


def main() -> None:
    """Measure times, then memory; write and print."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        first.mkdir()
        second.mkdir()
        times, overhead, difference = compare(first)
        times |= fast_step(second)
    used = memory()
    ratio = times["engine, channels_last + bfloat16"]["cpu_ms"]["median"]
    ratio /= times["bare"]["cpu_ms"]["median"]
    write_results(
        "gan_step",
        {
            "times": times,
            "overhead": overhead,
            "fast_ratio_to_bare": ratio,
            "memory": used,
            "largest_difference_of_weights": difference,
        },
        limit=LIMIT,
        tolerance=TOLERANCE,
    )
    print_table(times)
    print(f"engine against the loop, median of pairs: {overhead['median']:+.2%}")
    print(f"channels_last + bfloat16: {ratio:.3f}x of the loop")
    for variant, entry in used.items():
        growth, peak = entry["growth_mib"], entry["peak_mib"]
        print(f"{variant}: grows by {growth['median']:.0f} MiB to {peak['median']:.0f} MiB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="VGG19 with random weights")
    if sys.argv[1:2] == ["--memory"]:
        with contextlib.redirect_stdout(io.StringIO()):
            memory_of(sys.argv[2])
    else:
        main()
