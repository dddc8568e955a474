"""Global learnable attention: compiled kernel, PyTorch operations, published formulation.

python benchmarks/hashed_attention.py [--device cuda] [--threads 1] [--sides 48 96 128]

"attention" is the whole block without its three convolutions: the outputs of the convolutions go
in, the block's output comes out. All candidates run in turns in one process after their results
were compared; memory is measured in fresh processes. The floor is the time of the two matrix
products of the operator alone, as PyTorch computes them on gathered chunks.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import torch
from harness import measure, print_table, write_results
from published_gla import PublishedGLA
from srplug_dlsn.attention import GLA
from srplug_dlsn.ops import native
from srplug_dlsn.ops.library import hashed_attention

CHANNELS, CHUNK, ROUNDS, REDUCTION = 256, 128, 3, 4
#: Floating-point operations of the operator per pixel: scores and values of 3 T keys, h rounds.
FLOPS_PER_PIXEL = 2 * 3 * CHUNK * (CHANNELS // REDUCTION + CHANNELS) * ROUNDS

#: Side of an image that the published formulation cannot hold (about 8 GB by its own arithmetic).
WHOLE_IMAGE = 416


class Given(torch.nn.Module):
    """Stands for a convolution whose output is known."""

    def __init__(self, features):
        super().__init__()
        self.features = features

    def forward(self, x):
        """The features."""
        return self.features


def make_blocks():
    """The same weights in three arrangements."""
    torch.manual_seed(0)
    compiled = GLA(CHANNELS, REDUCTION, CHUNK, ROUNDS, backend="native").eval()
    eager = GLA(CHANNELS, REDUCTION, CHUNK, ROUNDS, backend="torch").eval()
    published = PublishedGLA(CHANNELS, REDUCTION, CHUNK, ROUNDS).eval()
    for other in (eager, published):
        other.load_state_dict(compiled.state_dict())
    return {"published": published, "eager": eager, "compiled": compiled}


def without_convolutions(blocks, x, *, requires_grad=False):
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


def trained_tensors(block):
    """What receives gradients where the convolutions are given."""
    given = [module.features for module in block.modules() if isinstance(module, Given)]
    return [*given, *block.fc.parameters()]


def compare(blocks, x):
    """Refuse to time what does not give the same."""
    tolerance = 1e-4 if x.dtype == torch.float32 else 0.1
    outputs = {label: block(x).float() for label, block in blocks.items()}
    for output in outputs.values():
        torch.testing.assert_close(output, outputs["published"], rtol=0, atol=tolerance)


def time_side(side, device, dtype, repeats):
    """All candidates for one image size."""
    synchronize = torch.cuda.synchronize if device == "cuda" else None
    settings = {"repeats": repeats, "synchronize": synchronize}
    x = torch.randn(1, CHANNELS, side, side, device=device).to(dtype)
    blocks = {label: block.to(device, dtype) for label, block in make_blocks().items()}
    results = {}
    with torch.no_grad():
        compare(blocks, x)
        convolutions = [
            getattr(blocks["compiled"], name)
            for name in ("conv_match", "conv_assembly", "conv_assembly_fc")
        ]
        whole = {label: lambda block=block: block(x) for label, block in blocks.items()}
        whole["convolutions"] = lambda: [layer(x) for layer in convolutions]
        results["block, forward"] = measure(whole, **settings)

        without_convolutions(blocks, x)
        candidates = {label: lambda block=block: block(x) for label, block in blocks.items()}
        results["attention, forward"] = measure(candidates, **settings)

        length, slots = side * side, CHUNK
        query = torch.rand(1, length, CHANNELS // REDUCTION, device=device, dtype=dtype)
        value = torch.randn(1, length, CHANNELS, device=device, dtype=dtype)
        score = torch.randn(1, length, slots, device=device, dtype=dtype)
        order = torch.rand(1, ROUNDS, length, device=device).argsort(-1)
        chunks = -(-length // slots)
        shapes = ((slots, CHANNELS // REDUCTION, 3 * slots), (slots, 3 * slots, CHANNELS))
        pairs = [
            [torch.randn(chunks, *size, device=device, dtype=dtype) for size in ((m, k), (k, n))]
            for m, k, n in shapes
        ]
        operator = {
            "compiled": lambda: hashed_attention(
                query, query, value, score, order, slots, backend="native"
            ),
            "eager": lambda: hashed_attention(
                query, query, value, score, order, slots, backend="torch"
            ),
            "matrix products": lambda: [torch.bmm(a, b) for _ in range(ROUNDS) for a, b in pairs],
        }
        results["operator, forward"] = measure(operator, **settings)

    without_convolutions(blocks, x, requires_grad=True)
    upstream = torch.randn_like(x)

    def step(block):
        return torch.autograd.grad((block(x) * upstream).sum(), trained_tensors(block))

    training = {label: lambda block=block: step(block) for label, block in blocks.items()}
    results["attention, forward and backward"] = measure(
        training, **(settings | {"repeats": max(3, repeats // 2)})
    )
    return results


def summarise(results, length, clock):
    """Ratios to the published and the eager version, and speed of the operator."""

    def median(group, name):
        return results[group][name][clock]["median"]

    summary = {}
    for group in ("block, forward", "attention, forward", "attention, forward and backward"):
        for other in ("published", "eager"):
            summary[f"{group}: {other} / compiled"] = median(group, other) / median(
                group, "compiled"
            )
    operator = "operator, forward"
    for name in ("compiled", "matrix products"):
        rate = FLOPS_PER_PIXEL * length / median(operator, name) / 1e6
        summary[f"{operator}: GFLOP/s, {name}"] = rate
    summary[f"{operator}: compiled / matrix products"] = median(operator, "compiled") / median(
        operator, "matrix products"
    )
    return summary


def peak_of(label, side, mode):
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
    # A child's ru_maxrss starts at its parent's; the kernel's own high-water mark can be reset.
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    if mode == "training":
        torch.autograd.grad(block(x).sum(), trained_tensors(block))
    else:
        with torch.no_grad():
            block(x)
    print(resident("VmHWM") - before)


def resident(field):
    """A field of this process's status in MiB (Linux)."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def memory(sides):
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


def main():
    """Check, time, measure memory, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--dtype", default="float32", choices=["float32", "float16", "bfloat16"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sides", type=int, nargs="+", default=[48, 96])
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--peak", nargs=3, metavar=("LABEL", "SIDE", "MODE"))
    options = parser.parse_args()
    if options.peak:
        label, side, mode = options.peak
        peak_of(label, int(side), mode)
        return
    torch.set_num_threads(options.threads)
    clock = "cpu_ms" if options.device == "cpu" and options.threads == 1 else "wall_ms"
    dtype = getattr(torch, options.dtype)
    results = {}
    for side in options.sides:
        measured = time_side(side, options.device, dtype, options.repeats)
        for group, table in measured.items():
            print(f"{side}x{side}, {group}")
            print_table(table)
        summary = summarise(measured, side * side, clock)
        results[f"{side}x{side}"] = {"summary": summary, **measured}
        for name, number in summary.items():
            print(f"  {name}: {number:.2f}")
    if options.device == "cpu" and options.threads == 1 and not options.no_memory:
        results["peak MiB above the inputs"] = memory((48, 128))
        print(results["peak MiB above the inputs"])
    kernel, _ = native.kernel_for(options.device)
    name = f"hashed_attention_{options.device}_{options.dtype}_{options.threads}thread"
    path = write_results(
        name,
        results,
        channels=CHANNELS,
        chunk_size=CHUNK,
        rounds=ROUNDS,
        kernel=kernel.name if kernel else None,
        ratios_from=clock,
    )
    print(path.name)


if __name__ == "__main__":
    main()
