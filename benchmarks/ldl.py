"""LDL's loss, forward and backward, against the published formulation that unfolds windows.

python benchmarks/ldl.py

Times in turns on one thread. Peak memory is what PyTorch's allocator holds at most at one moment
of forward and backward beside the images, as its profiler records every allocation: the size of a
process varies by more than the loss needs.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from harness import measure, print_table, write_results
from srplug_ldl.losses import LDLLoss

from srcore.contracts import LossContext

SHAPES = ((4, 3, 256, 256), (1, 3, 1024, 1024))
WINDOW = 7
TOLERANCE = 1e-4
REPEATS = 7


def unfolded_loss(context: LossContext) -> torch.Tensor:
    """Every window becomes a column of k * k values."""
    hr, sr, ema_sr = context.hr, context.sr, context.ema_sr
    assert ema_sr is not None  # see images()
    errors = (hr - sr).abs().sum(1, keepdim=True)
    others = (hr - ema_sr).abs().sum(1, keepdim=True)
    padded = F.pad(errors, (WINDOW // 2,) * 4, mode="reflect")
    windows = padded.unfold(2, WINDOW, 1).unfold(3, WINDOW, 1)
    local = windows.var(dim=(-1, -2), unbiased=True)
    weights = errors.var(dim=(-1, -2, -3), keepdim=True) ** 0.2 * local
    weights = torch.where(errors < others, torch.zeros_like(weights), weights)
    return F.l1_loss(weights * sr, weights * hr)


def unfolded_columns_loss(context: LossContext) -> torch.Tensor:
    """The same with ``F.unfold``, which copies all windows."""
    hr, sr, ema_sr = context.hr, context.sr, context.ema_sr
    assert ema_sr is not None  # see images()
    errors = (hr - sr).abs().sum(1, keepdim=True)
    others = (hr - ema_sr).abs().sum(1, keepdim=True)
    columns = F.unfold(F.pad(errors, (WINDOW // 2,) * 4, mode="reflect"), WINDOW)
    local = columns.var(dim=1, unbiased=True, keepdim=True)
    local = local.reshape(len(hr), 1, *hr.shape[-2:])
    weights = errors.var(dim=(-1, -2, -3), keepdim=True) ** 0.2 * local
    weights = torch.where(errors < others, torch.zeros_like(weights), weights)
    return F.l1_loss(weights * sr, weights * hr)


LOSSES: dict[str, Callable[[LossContext], torch.Tensor]] = {
    "srplug-ldl": LDLLoss(WINDOW),
    "unfold (views)": unfolded_loss,
    "unfold (columns)": unfolded_columns_loss,
}


def images(shape: tuple[int, ...]) -> LossContext:
    """Ground truth, SR and EMA SR as a loss sees them."""
    generator = torch.Generator().manual_seed(0)
    hr = torch.rand(shape, generator=generator)
    sr, ema = (hr + 0.1 * torch.randn(shape, generator=generator) for _ in range(2))
    return LossContext(batch={"hr": hr}, sr=sr.requires_grad_(), iteration=1, ema_sr=ema)


def both_ways(name: str, context: LossContext) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss and gradient."""
    loss = LOSSES[name](context)
    (gradient,) = torch.autograd.grad(loss, context.sr)
    return loss.detach(), gradient


def gate(context: LossContext) -> None:
    """Assert that all give the same numbers."""
    expected, wanted = both_ways("unfold (columns)", context)
    for name in LOSSES:
        loss, gradient = both_ways(name, context)
        assert abs(loss - expected) <= TOLERANCE * expected, name
        assert (gradient - wanted).norm() <= TOLERANCE * wanted.norm(), name


def main() -> None:
    """Check, time, weigh."""
    torch.set_num_threads(1)
    results: dict[str, Any]
    memory: dict[str, Any]
    ratios: dict[str, Any]
    results, memory, ratios = {}, {}, {}
    for shape in SHAPES:
        label = "x".join(map(str, shape))
        context = images(shape)
        gate(context)
        rows = measure(
            {f"{label} {name}": partial(both_ways, name, context) for name in LOSSES},
            repeats=REPEATS,
            warmup=1,
        )
        print_table(rows)
        results |= rows
        weights = {name: peak_memory(name, context) for name in LOSSES}
        memory[label] = weights
        times = {name: rows[f"{label} {name}"]["cpu_ms"]["median"] for name in LOSSES}
        ratios[label] = {
            name: {
                "times_as_fast": times[name] / times["srplug-ldl"],
                "times_less_memory": weights[name] / weights["srplug-ldl"],
            }
            for name in LOSSES
        }
        print(label, {name: f"{value:.1f} MiB" for name, value in weights.items()}, ratios[label])
    write_results(
        "ldl", results, window_size=WINDOW, dtype="float32", peak_memory_mib=memory, ratios=ratios
    )


def peak_memory(name: str, context: LossContext) -> float:
    """Largest sum of allocated tensors in MiB."""
    profiler = torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    )
    with profiler:
        both_ways(name, context)
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text("utf-8"))["traceEvents"]
    changes = sorted(
        (event["ts"], event["args"]["Bytes"]) for event in events if event["name"] == "[memory]"
    )
    held = peak = 0
    for _, change in changes:
        held += change
        peak = max(peak, held)
    return peak / 2**20


if __name__ == "__main__":
    main()
