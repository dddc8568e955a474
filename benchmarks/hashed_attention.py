"""Global learnable attention: compiled kernel, PyTorch operations, published formulation.

python benchmarks/hashed_attention.py [--device cuda] [--threads 1] [--sides 48 96 128]
python benchmarks/hashed_attention.py --device cuda --dtype float32 tf32 bfloat16 float16
A processor without AVX-512: SRPLUG_DLSN_CPU_ISA=avx2 ATEN_CPU_CAPABILITY=avx2
MKL_ENABLE_INSTRUCTIONS=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 before it.

"attention" is the whole block without its three convolutions: the outputs of the convolutions go
in, the block's output comes out. All candidates run in turns in one process after their results
were compared; memory is measured in fresh processes. The floor is the time of the two matrix
products of the operator alone, as PyTorch computes them on gathered chunks. On a GPU "replayed" is
the same recorded as a CUDA graph: what the GPU does, without the time that Python takes to ask.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from harness import (
    measure,
    measure_for,
    print_table,
    print_times,
    resident_rise,
    write_results,
)
from published_gla import PublishedGLA
from srplug_dlsn.attention import GLA
from srplug_dlsn.ops import devices
from srplug_dlsn.ops.library import Backend, hashed_attention

from srcore.errors import SrcoreError

CHANNELS, CHUNK, ROUNDS, REDUCTION = 256, 128, 3, 4
#: Floating-point operations of the operator per pixel: scores and values of 3 T keys, h rounds.
FLOPS_PER_PIXEL = 2 * 3 * CHUNK * (CHANNELS // REDUCTION + CHANNELS) * ROUNDS

#: Side of an image that the published formulation cannot hold (about 8 GB by its own arithmetic).
WHOLE_IMAGE = 416


class Given(torch.nn.Module):
    """Stands for a convolution whose output is known."""

    def __init__(self, features: torch.Tensor) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The features."""
        return self.features


Blocks = dict[str, torch.nn.Module]
Candidates = dict[str, Callable[[], Any]]
#: Of candidates by name, as the functions of the harness measure them.
Times = Mapping[str, Mapping[str, Any]]


def make_blocks() -> Blocks:
    """The same weights in three arrangements."""
    torch.manual_seed(0)
    compiled = GLA(CHANNELS, REDUCTION, CHUNK, ROUNDS, backend="native").eval()
    eager = GLA(CHANNELS, REDUCTION, CHUNK, ROUNDS, backend="torch").eval()
    published = PublishedGLA(CHANNELS, REDUCTION, CHUNK, ROUNDS).eval()
    for other in (eager, published):
        other.load_state_dict(compiled.state_dict())
    return {"published": published, "eager": eager, "compiled": compiled}


def all_of(layers: Iterable[torch.nn.Module], x: torch.Tensor) -> list[torch.Tensor]:
    """What each layer makes of the same features."""
    return [layer(x) for layer in layers]


def without_convolutions(blocks: Blocks, x: torch.Tensor, *, requires_grad: bool = False) -> Blocks:
    """The blocks with given features, in the memory format that each would have."""
    names = ("conv_match", "conv_assembly", "conv_assembly_fc")
    with torch.no_grad():
        features = {name: getattr(blocks["compiled"], name)(x).contiguous() for name in names}
    for label, block in blocks.items():
        pixel_major = label != "published" and x.device.type == "cpu"
        layout = torch.channels_last if pixel_major else torch.contiguous_format
        for name in names:
            own = features[name].clone(memory_format=layout).requires_grad_(requires_grad)
            setattr(block, name, Given(own))
    return blocks


class Recorded:
    """A call without arguments as a CUDA graph that is replayed."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Record at the first call, replay at all others."""
        if self.graph is None:
            torch.cuda.synchronize()
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's
            with torch.cuda.stream(stream):
                self.call()  # libraries make their handles, which no graph can hold
            stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self.kept = self.call()
            self.graph = graph
        self.graph.replay()


def recorded(blocks: Blocks, call: Callable[[torch.nn.Module], Any]) -> Candidates:
    """Candidates by name: ``call`` of each block as a graph."""
    return {label: Recorded(partial(call, block)) for label, block in blocks.items()}


def trained_tensors(block: torch.nn.Module) -> list[torch.Tensor]:
    """What receives gradients where the convolutions are given."""
    head: Any = block
    given = [module.features for module in block.modules() if isinstance(module, Given)]
    return [*given, *head.fc.parameters()]


def compare(blocks: Blocks, x: torch.Tensor, *, is_strict: bool) -> dict[str, dict[str, Any]]:
    """Largest differences from the published version; refuse to time what is not the same.

    On a GPU the products of the hash may round differently, which moves single pixels to other
    chunks: the differences, and the share of values that they concern, are reported.
    """
    tolerance = 1e-4 if x.dtype == torch.float32 else 0.1
    published = blocks["published"](x).float()
    rows: dict[str, dict[str, Any]] = {}
    for label in ("eager", "compiled"):
        try:
            output = blocks[label](x).float()
        except (RuntimeError, SrcoreError) as error:
            if is_strict:
                raise
            rows[label] = {"failed": str(error)[:300]}
            continue
        if is_strict:
            torch.testing.assert_close(output, published, rtol=0, atol=tolerance)
        difference = (output - published).abs()
        rows[label] = {
            "largest": float(difference.max()),
            f"share beyond {tolerance:g}": float((difference > tolerance).float().mean()),
        }
    return rows


def time_side(
    side: int,
    device: str,
    dtype: torch.dtype,
    timed: Callable[[Candidates], Times],
    *,
    is_strict: bool,
) -> tuple[dict[str, Times], dict[str, dict[str, Any]]]:
    """All candidates for one image size.

    Args:
        side: of the image.
        device: where.
        dtype: of weights and images.
        timed: measures candidates by name.
        is_strict: refuse to time what is not the same.
    """
    x = torch.randn(1, CHANNELS, side, side, device=device).to(dtype)
    blocks = {label: block.to(device, dtype) for label, block in make_blocks().items()}
    results = {}
    with torch.no_grad():
        differences = compare(blocks, x, is_strict=is_strict)
        convolutions = [
            getattr(blocks["compiled"], name)
            for name in ("conv_match", "conv_assembly", "conv_assembly_fc")
        ]
        whole: Candidates = {label: partial(block, x) for label, block in blocks.items()}
        whole["convolutions"] = partial(all_of, convolutions, x)
        results["block, forward"] = timed(whole)

        without_convolutions(blocks, x)
        candidates: Candidates = {label: partial(block, x) for label, block in blocks.items()}
        results["attention, forward"] = timed(candidates)
        if device == "cuda":
            attention: Any = blocks["compiled"]
            rotations = attention.rotations(side * side, CHANNELS // REDUCTION, device)
            graphs = recorded(blocks, lambda block: block(x, rotations))
            results["attention, forward, replayed"] = timed(graphs)
        results["operator, forward"] = timed(operator(side, device, dtype))
    results["operator, forward and backward"] = timed(operator(side, device, dtype, training=True))

    without_convolutions(blocks, x, requires_grad=True)
    upstream = torch.randn_like(x)

    def step(block: torch.nn.Module, *rotations: torch.Tensor) -> Any:
        return torch.autograd.grad((block(x, *rotations) * upstream).sum(), trained_tensors(block))

    group = "attention, forward and backward"
    training: Candidates = {label: partial(step, block) for label, block in blocks.items()}
    results[group] = timed(training)
    if device == "cuda":
        results[f"{group}, replayed"] = timed(
            recorded(blocks, lambda block: step(block, rotations))
        )
    return results, differences


def operator(
    side: int, device: str, dtype: torch.dtype, *, training: bool = False
) -> dict[str, Callable[[], None]]:
    """The operator alone, and its two matrix products as PyTorch's library computes them."""
    length, slots = side * side, CHUNK
    made: dict[str, Any] = {"device": device, "dtype": dtype, "requires_grad": training}
    key = torch.rand(1, length, CHANNELS // REDUCTION, **made)
    query = torch.rand(1, length, CHANNELS // REDUCTION, **made)
    value = torch.randn(1, length, CHANNELS, **made)
    score = torch.randn(1, length, slots, **made)
    order = torch.rand(1, ROUNDS, length, device=device).argsort(-1)
    chunks = -(-length // slots)
    shapes = ((slots, CHANNELS // REDUCTION, 3 * slots), (slots, 3 * slots, CHANNELS))
    pairs = [
        [torch.randn(chunks, *size, **made) for size in ((m, k), (k, n))] for m, k, n in shapes
    ]
    upstream = [torch.ones(chunks, m, n, device=device, dtype=dtype) for m, _, n in shapes]

    def attend(backend: Backend) -> None:
        out, _ = hashed_attention(query, key, value, score, order, slots, backend=backend)
        if training:
            torch.autograd.grad(out, (query, key, value, score), value.detach())

    def multiply() -> None:
        for _ in range(ROUNDS):
            for pair, gradient in zip(pairs, upstream, strict=True):
                product = torch.bmm(*pair)
                if training:
                    torch.autograd.grad(product, pair, gradient)

    return {
        "compiled": partial(attend, "native"),
        "eager": partial(attend, "torch"),
        "matrix products": multiply,
    }


def summarize(results: Mapping[str, Times], length: int, clock: str) -> dict[str, float]:
    """Ratios to the published and the eager version, and speed of the operator."""

    def median(group: str, name: str) -> float:
        return float(results[group][name].get(clock, {"median": float("nan")})["median"])

    summary = {}
    groups = ("block, forward", "attention, forward", "attention, forward and backward")
    replayed = [f"{group}, replayed" for group in groups]
    for group in (*groups, *(group for group in replayed if group in results)):
        for other in ("published", "eager"):
            summary[f"{group}: {other} / compiled"] = median(group, other) / median(
                group, "compiled"
            )
    group = "operator, forward"
    for name in ("compiled", "matrix products"):
        rate = FLOPS_PER_PIXEL * length / median(group, name) / 1e6
        summary[f"{group}: GFLOP/s, {name}"] = rate
    for group in ("operator, forward", "operator, forward and backward"):
        for other in ("compiled", "eager"):
            share = median(group, other) / median(group, "matrix products")
            summary[f"{group}: {other} / matrix products"] = share
    return summary


def peak_of(label: str, side: int, mode: str) -> None:
    """Run one block in this (fresh) process and print its peak above the inputs in MiB."""
    torch.set_num_threads(1)
    block = make_blocks()[label]
    x = torch.randn(1, CHANNELS, side, side)
    if mode == "training":
        without_convolutions({label: block, "compiled": block}, x, requires_grad=True)
    small = torch.randn(1, CHANNELS, 12, 12)
    if mode == "inference":  # libraries load and allocate their own on first use
        with torch.no_grad():
            block(small)

    def run() -> None:
        if mode == "training":
            torch.autograd.grad(block(x).sum(), trained_tensors(block))
        else:
            with torch.no_grad():
                block(x)

    print(resident_rise(run))


def memory(sides: Sequence[int]) -> dict[str, float]:
    """Peaks of fresh processes."""
    results = {}
    everyone = ("published", "eager", "compiled")
    runs = [("inference", side, label) for side in sides for label in everyone]
    runs += [("training", 96, label) for label in everyone]
    runs += [("inference", WHOLE_IMAGE, "compiled")]
    for mode, side, label in runs:
        command = [sys.executable, __file__, "--peak", label, str(side), mode]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        results[f"{mode}, {side}x{side}, {label}"] = float(output)
    return results


def set_precision(name: str) -> torch.dtype:
    """The type of weights and images, once PyTorch's switches for float32 are set."""
    is_rounded = name == "tf32"
    torch.set_float32_matmul_precision("high" if is_rounded else "highest")
    torch.backends.cudnn.allow_tf32 = is_rounded
    dtype: torch.dtype = torch.float32 if is_rounded else getattr(torch, name)
    return dtype


def main() -> None:
    """Check, time, measure memory, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument(
        "--dtype",
        nargs="+",
        default=["float32"],
        choices=["float32", "tf32", "float16", "bfloat16"],
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sides", type=int, nargs="+", default=[48, 96])
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--seconds", type=float, help="time for each candidate, not --repeats")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--peak", nargs=3, metavar=("LABEL", "SIDE", "MODE"))
    options = parser.parse_args()
    if options.peak:
        label, side, mode = options.peak
        peak_of(label, int(side), mode)
        return
    torch.set_num_threads(options.threads)
    results: dict[str, dict[str, Any]] = {name: {} for name in options.dtype}
    for side in options.sides:
        for name in options.dtype:
            try:
                results[name][f"{side}x{side}"] = measured(side, name, options)
            except (RuntimeError, SrcoreError) as error:
                if clock_of(options) != "ms":
                    raise
                results[name][f"{side}x{side}"] = {"failed": str(error)[:300]}
                print(f"{name}, {side}x{side}: {error}", flush=True)
            write(name, results[name], options)
    if clock_of(options) == "cpu_ms" and not options.no_memory:
        for name in options.dtype:
            results[name]["peak MiB above the inputs"] = memory((48, 128))
            print(results[name]["peak MiB above the inputs"])
            write(name, results[name], options)


def clock_of(options: argparse.Namespace) -> str:
    """The time that is compared."""
    if options.seconds is not None or options.device == "cuda":
        return "ms"
    return "cpu_ms" if options.threads == 1 else "wall_ms"


def measured(side: int, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Times of one size in one precision, and what follows from them."""
    clock, dtype = clock_of(options), set_precision(name)
    if clock == "ms":
        seconds = 0.3 if options.seconds is None else options.seconds
        timed: Any = partial(measure_for, device=options.device, seconds=seconds)
        shown: Callable[[str, Times], None] = print_times
    else:
        timed, shown = partial(measure, repeats=options.repeats), print_titled
    times, differences = time_side(side, options.device, dtype, timed, is_strict=clock != "ms")
    for group, table in times.items():
        shown(f"{name}, {side}x{side}, {group}", table)
    summary = summarize(times, side * side, clock)
    for line, number in summary.items():
        print(f"  {line}: {number:.2f}")
    print("  differences", differences, flush=True)
    return {"summary": summary, "differences": differences, **times}


def print_titled(title: str, table: Times) -> None:
    """A table of :func:`harness.measure` below its title."""
    print(title)
    print_table(table)


def write(name: str, results: Mapping[str, Any], options: argparse.Namespace) -> None:
    """One file per precision."""
    kernel, _ = devices.kernel_for(options.device)
    lowered = os.environ.get("SRPLUG_DLSN_CPU_ISA")
    limited = f"_{lowered}" if lowered else ""
    path = write_results(
        f"hashed_attention_{options.device}_{name}_{options.threads}thread{limited}",
        results,
        channels=CHANNELS,
        chunk_size=CHUNK,
        rounds=ROUNDS,
        kernel=kernel.name if kernel else None,
        ratios_from=clock_of(options),
    )
    print(path.name)


if __name__ == "__main__":
    main()
