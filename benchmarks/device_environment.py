"""What the machine is: device, driver, versions, switches; and how fast it is at plain things.

python benchmarks/device_environment.py --device cuda
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Callable
from importlib import metadata
from typing import Any

import torch
from harness import device_parser, measure_for, print_times, write_results

PACKAGES = (
    "torch", "torchvision", "numpy", "opencv-python-headless", "pillow", "pytorch-ignite", "cattrs",
    "attrs", "triton", "timm", "piq", "lmdb", "xformers", "open_clip_torch", "spandrel",
)  # fmt: skip


def main() -> None:
    """Look, measure, write."""
    options = device_parser(__doc__).parse_args()
    environment: dict[str, Any] = {
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    environment["packages"] = {name: version(name) for name in PACKAGES}
    environment["torch_cuda"] = torch.version.cuda
    if options.device == "cuda":
        environment |= device()
    for name, value in environment.items():
        print(f"{name}: {value}")
    rates = plain_rates(options.device, 256 if options.tiny else 8192)
    write_results("device_environment", {"machine": environment, "rates": rates})


def version(name: str) -> str | None:
    """Of a distribution; None if it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def device() -> dict[str, Any]:
    """The GPU and its surroundings."""
    properties = torch.cuda.get_device_properties(0)
    free, total = torch.cuda.mem_get_info()
    return {
        "device": properties.name,
        "devices": torch.cuda.device_count(),
        "capability": list(torch.cuda.get_device_capability()),
        "multiprocessors": properties.multi_processor_count,
        "shared_memory_per_block": getattr(properties, "shared_memory_per_block_optin", None),
        "memory_gib": [round(free / 2**30, 1), round(total / 2**30, 1)],
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]  # torch's
        "nccl": list(torch.cuda.nccl.version()),  # type: ignore[no-untyped-call]  # torch's
        "architectures": torch.cuda.get_arch_list(),
        "cudnn_allow_tf32": torch.backends.cudnn.allow_tf32,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "nvidia_smi": ask(
            "nvidia-smi",
            "--query-gpu=driver_version,clocks.sm,clocks.max.sm,"
            "power.limit,temperature.gpu,ecc.mode.current",
            "--format=csv,noheader",
        ),
        "compute_sanitizer": ask("compute-sanitizer", "--version"),
    }


def ask(program: str, *arguments: str) -> list[str] | None:
    """What a program prints; None if it is not there."""
    if shutil.which(program) is None:
        return None
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[-1:]


def plain_rates(device: str, side: int) -> dict[str, dict[str, Any]]:
    """Products of square matrices, a convolution, copies: what the others are held against."""
    made: dict[str, Any] = {"device": device}
    work, operations = {}, {}
    for name in ("float32", "tf32", "bfloat16", "float16"):
        dtype = torch.float32 if name == "tf32" else getattr(torch, name)
        a, b = (torch.randn(side, side, **made).to(dtype) for _ in "ab")
        work[f"matrix product, {name}"] = multiplied(a, b, "high" if name == "tf32" else "highest")
        operations[f"matrix product, {name}"] = 2 * side**3
    large = torch.empty(side * side, **made)
    other = torch.empty_like(large)
    work["copy within the device"] = lambda: other.copy_(large)
    host = torch.empty(side * side // 4)
    quarter = large[: side * side // 4]
    work["copy to the device"] = lambda: quarter.copy_(host)
    if device == "cuda":
        pinned = host.pin_memory()
        work["copy to the device, pinned"] = lambda: quarter.copy_(pinned, non_blocking=True)
    times = measure_for(work, device=device, seconds=0.2)
    print_times("plain operations", times)
    moved = {
        "copy within the device": 2 * large.nbytes,
        "copy to the device": host.nbytes,
        "copy to the device, pinned": host.nbytes,
    }
    for name, entry in times.items():
        if "ms" in entry:
            count = operations.get(name) or moved[name]
            unit = "TFLOP/s" if name in operations else "TB/s"
            entry[unit] = round(count / entry["ms"]["median"] / 1e9, 3)
    return times


def multiplied(a: torch.Tensor, b: torch.Tensor, precision: str) -> Callable[[], torch.Tensor]:
    """A product under a setting of PyTorch's switch."""

    def call() -> torch.Tensor:
        torch.set_float32_matmul_precision(precision)
        return a @ b

    return call


if __name__ == "__main__":
    main()
