"""What a GPU itself takes for hashed attention, kernel by kernel, and how right it is.

python benchmarks/hashed_attention_kernels.py [--sides 128 96]

Times are those of PyTorch's profiler, so what Python takes to ask for the work does not count; the
floor is the two matrix products of the operator, as PyTorch computes them on gathered chunks.
Errors are relative to the definition in float64, the largest of six problems of all shapes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
from harness import write_results
from hashed_attention import operator, set_precision
from srplug_dlsn.ops import reference
from srplug_dlsn.ops.library import hashed_attention
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

PRECISIONS = ("float32", "tf32", "bfloat16", "float16")
#: Images, pixels, query and value channels, slots of a chunk, rounds.
PROBLEMS = (
    (2, 37, 5, 7, 8, 3),
    (1, 300, 9, 33, 50, 2),
    (1, 400, 7, 30, 144, 3),
    (2, 310, 64, 256, 128, 3),
    (1, 500, 32, 96, 40, 2),
    (1, 2304, 64, 256, 128, 3),
)
RESULTS_OF_A_CALL = ("out", "lse", "grad_query", "grad_key", "grad_value", "grad_fc_score")


def errors(precision: str) -> dict[str, Any]:
    """Largest relative errors of all problems, and whether a second call gave the same bits."""
    dtype = set_precision(precision)
    worst = dict.fromkeys(RESULTS_OF_A_CALL, 0.0)
    repeats = True
    for images, length, channels, width, chunk, rounds in PROBLEMS:
        source = torch.Generator("cuda").manual_seed(length)
        made = [
            torch.randn(images, length, size, generator=source, device="cuda").to(dtype)
            for size in (channels, channels, width, chunk, width)
        ]
        order = torch.rand(images, rounds, length, generator=source, device="cuda").argsort(-1)
        made[1] = torch.nn.functional.normalize(made[1].float(), dim=-1).to(dtype)
        got = all_results(native, made, order, chunk)
        again = all_results(native, made, order, chunk)
        repeats &= all(torch.equal(a, b) for a, b in zip(got, again, strict=True))
        exact = [tensor.double() for tensor in made]
        wanted = all_results(reference.hashed_attention, exact, order, chunk)
        for name, result, true in zip(RESULTS_OF_A_CALL, got, wanted, strict=True):
            worst[name] = max(worst[name], float((result.double() - true).norm() / true.norm()))
    return {"largest relative errors": worst, "same bits twice": repeats}


def native(*arguments: Any) -> tuple[Tensor, Tensor]:
    """The compiled operator, or the reason why there is none."""
    return hashed_attention(*arguments, backend="native")


def all_results(
    attend: Callable[..., tuple[Tensor, Tensor]], made: list[Tensor], order: Tensor, chunk: int
) -> list[Tensor]:
    """Values, log-sum-exp and gradients; the last tensor that was made is the one from above."""
    *inputs, upstream = made
    leaves = [tensor.detach().requires_grad_() for tensor in inputs]
    out, lse = attend(*leaves, order, chunk)
    return [out.detach(), lse, *torch.autograd.grad(out, leaves, upstream)]


def kernels(work: Callable[[], object], repeats: int = 5) -> dict[str, float]:
    """Microseconds of every kernel of a call, the longest first."""
    for _ in range(2):
        work()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(repeats):
            work()
        torch.cuda.synchronize()
    rows: dict[str, float] = {}
    for event in profiler.key_averages():
        name = event.key.replace("void ", "").replace("(anonymous namespace)::", "")
        name = name.partition("<")[0].partition("(")[0]
        rows[name] = rows.get(name, 0.0) + event.device_time_total / repeats
    return dict(sorted(((n, t) for n, t in rows.items() if t > 0), key=lambda row: -row[1]))


def main() -> None:
    """Compare, time, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 96])
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for precision in PRECISIONS:
        results[precision] = figures = errors(precision)
        print(precision, figures, flush=True)
        for side in options.sides:
            for training in (False, True):
                calls = operator(side, "cuda", set_precision(precision), training=training)
                what = "forward and backward" if training else "forward"
                for name in ("compiled", "matrix products"):
                    with torch.set_grad_enabled(training):
                        times = kernels(calls[name])
                    shown = {"us": sum(times.values()), "kernels": times}
                    figures[f"{side}x{side}, {what}, {name}"] = shown
                    print(f"  {side}x{side}, {what}, {name}: {shown['us']:.0f} us", flush=True)
    print(write_results("hashed_attention_kernels", results).name)


if __name__ == "__main__":
    main()
