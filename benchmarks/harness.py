"""Measuring: callables run in turns, medians with quartiles, and a record of the environment.

Turns keep what disturbs a machine from falling on one candidate only. Check that candidates give
the same result before timing them. Results go to ``benchmarks/results/<name>.json``; documents
quote only numbers found there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
#: The variable names another folder: that of a step of ``gpu_day.py``.
RESULTS = Path(os.environ.get("SRCORE_BENCHMARK_RESULTS") or ROOT / "benchmarks" / "results")
#: What is measured: all that is committed but results, which a benchmark writes meanwhile.
MEASURED = ("--", ":/", ":(top,exclude)benchmarks/results")
INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")
PACKAGES = ("srcore", "torch", "torchvision", "numpy", "opencv-python-headless")


def device_parser(description: str) -> argparse.ArgumentParser:
    """What the steps of a day on a GPU are called with."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument(
        "--tiny", action="store_true", help="sizes that a processor does in seconds"
    )
    return parser


def measure(
    candidates: Mapping[str, Callable[[], Any]],
    *,
    repeats: int = 15,
    warmup: int = 2,
    synchronize: Callable[[], None] | None = None,
) -> dict[str, dict[str, Any]]:
    """Time candidates in turns.

    Args:
        candidates: what to call, by name.
        repeats: measured rounds; every candidate runs once per round, the order rotates.
        warmup: rounds that do not count.
        synchronize: called before the clock is read, such as ``torch.cuda.synchronize``.

    Returns:
        Per candidate ``wall_ms`` and ``cpu_ms`` (of the calling thread), each with median,
        quartiles, minimum and all values.
    """
    names = list(candidates)
    times: dict[str, dict[str, list[float]]] = {name: {"wall": [], "cpu": []} for name in names}
    for turn in range(warmup + repeats):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            wall, cpu = _time_once(candidates[name], synchronize)
            if turn >= warmup:
                times[name]["wall"].append(wall)
                times[name]["cpu"].append(cpu)
    return {
        name: {f"{clock}_ms": summary(values) for clock, values in clocks.items()}
        for name, clocks in times.items()
    }


def _time_once(
    call: Callable[[], Any], synchronize: Callable[[], None] | None
) -> tuple[float, float]:
    if synchronize is not None:
        synchronize()
    wall, cpu = time.perf_counter(), time.thread_time()
    call()
    if synchronize is not None:
        synchronize()
    return (time.perf_counter() - wall) * 1e3, (time.thread_time() - cpu) * 1e3


def measure_for(
    candidates: Mapping[str, Callable[[], Any]], *, device: str, seconds: float = 0.5
) -> dict[str, dict[str, Any]]:
    """Time candidates in turns for some time each, on a GPU by its own clock.

    A call that takes less than 2 ms is repeated within one reading. What fails, for want of memory
    for instance, has its reason in the place of times.

    Args:
        candidates: what to call, by name.
        device: ``"cuda"`` or ``"cpu"``.
        seconds: time for each candidate, warm-up not counted; at least three readings are made.

    Returns:
        Per candidate ``ms`` with median and quartiles, and on a GPU ``peak_mib``: memory that is
        allocated beyond what was before.
    """
    rows: dict[str, dict[str, Any]] = {}
    calls: dict[str, int] = {}
    for name, candidate in candidates.items():
        try:
            rows[name] = _peak(candidate, device)
            candidate()
            once = _read_clock(candidate, device, 1)
        except Exception as error:  # a table with a hole is better than none
            rows[name] = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:300]}"}
            continue
        calls[name] = max(1, round(2 / max(once, 0.01)))
        rows[name]["ms"] = []
    names, spent = list(calls), dict.fromkeys(calls, 0.0)
    turn = 0
    while left := [name for name in names if turn < 3 or spent[name] < seconds * 1e3]:
        for name in left[turn % len(left) :] + left[: turn % len(left)]:
            once = _read_clock(candidates[name], device, calls[name])
            spent[name] += once * calls[name]
            rows[name]["ms"].append(once)
        turn += 1
    for name in names:
        rows[name]["ms"] = summary(rows[name]["ms"])
    return rows


def _peak(call: Callable[[], Any], device: str) -> dict[str, Any]:
    """Memory that the first call needs, where that is known."""
    if device != "cuda":
        call()
        return {}
    import torch

    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    call()
    torch.cuda.synchronize()
    return {"peak_mib": round((torch.cuda.max_memory_allocated() - before) / 2**20, 1)}


def _read_clock(call: Callable[[], Any], device: str, calls: int) -> float:
    """Milliseconds of one of several calls."""
    if device != "cuda":
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - begin) * 1e3 / calls
    import torch

    make: Any = torch.cuda.Event  # torch has no annotations here
    first, last = (make(enable_timing=True) for _ in "ab")
    torch.cuda.synchronize()
    first.record()
    for _ in range(calls):
        call()
    last.record()
    last.synchronize()
    return float(first.elapsed_time(last)) / calls


def print_times(title: str, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Print what :func:`measure_for` found."""
    print(title)
    print_rows({name: _time(entry) for name, entry in results.items()}, indent="  ")


def _time(entry: Mapping[str, Any]) -> str:
    if "failed" in entry:
        return str(entry["failed"])
    low, high = entry["ms"]["quartiles"]
    memory = f"  {entry['peak_mib']:9.1f} MiB" if "peak_mib" in entry else ""
    return f"{entry['ms']['median']:9.3f} ms [{low:.3f}, {high:.3f}]{memory}"


def print_rows(rows: Mapping[str, str], *, indent: str = "") -> None:
    """Print names, and beside each what is to be said of it."""
    width = max(map(len, rows))
    for name, text in rows.items():
        print(f"{indent}{name:{width}}  {text}", flush=True)


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Median, quartiles, minimum and the values themselves."""
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return {
        "median": median,
        "quartiles": [lower, upper],
        "min": min(values),
        "values": list(values),
    }


def peak_memory(arguments: Sequence[str]) -> float:
    """Largest resident size in MiB of a fresh ``python <arguments>``."""
    # A process's largest size counts its parent's from before exec: a small one stands between.
    starter = (
        "import resource, subprocess, sys\n"
        "code = subprocess.call([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", starter, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"python {' '.join(arguments)} ended with {done.returncode}")
    return int(done.stdout) / 1024


def resident_rise(call: Callable[[], Any]) -> float:
    """MiB by which a call raises the resident size of this process above what it was (Linux).

    The largest size of getrusage would not do: it begins at that of the process that started this
    one, and cannot be set back.
    """
    from srcore.machine.resident_memory import forget_peak, peak_bytes, resident_bytes

    if not forget_peak():
        raise SystemExit("this system does not let a process forget its largest size")
    before = resident_bytes()
    call()
    return (peak_bytes() - before) / 2**20


def environment() -> dict[str, Any]:
    """Commit, versions, processor and threads."""
    told = os.environ.get("SRCORE_BENCHMARK_COMMIT")  # of a copy that git knows otherwise
    record: dict[str, Any] = {
        "commit": told or _git("rev-parse", "HEAD"),
        "is_modified": None
        if told
        else bool(_git("status", "--porcelain", "--untracked-files=no", *MEASURED)),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "instructions": _instructions(),
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "packages": {name: _version(name) for name in PACKAGES},
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        record["torch_threads"] = torch.get_num_threads()
        cuda = torch.cuda.is_available()
        record["device"] = torch.cuda.get_device_name() if cuda else "cpu"
    return record


def write_results(name: str, results: Mapping[str, Any], **settings: Any) -> Path:
    """Write ``benchmarks/results/<name>.json`` with the environment and the command."""
    RESULTS.mkdir(exist_ok=True)
    content = {
        "benchmark": name,
        "command": " ".join(
            ["python", *map(_shown, [str(Path(sys.argv[0]).resolve()), *sys.argv[1:]])]
        ),
        "environment": environment(),
        "settings": settings,
        "results": results,
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def _shown(argument: str) -> str:
    """An argument that does not tell where on a machine something lies."""
    key, mark, value = argument.rpartition("=")
    path = Path(value)
    if not path.is_absolute():
        return argument
    shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return f"{key}{mark}{shown}"


def print_table(results: Mapping[str, Mapping[str, Any]]) -> None:
    """Print medians of :func:`measure`."""
    print_rows({name: _clocks(clocks) for name, clocks in results.items()})


def _clocks(clocks: Mapping[str, Any]) -> str:
    cpu, wall = clocks["cpu_ms"], clocks["wall_ms"]
    low, high = cpu["quartiles"]
    return f"cpu {cpu['median']:9.3f} ms [{low:.3f}, {high:.3f}]  wall {wall['median']:9.3f} ms"


@cache
def _git(*arguments: str) -> str:
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except OSError:  # a copy of the files on a machine without git
        return ""
    return result.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _instructions() -> list[str]:
    """The vector and matrix instructions that decide about speed, as Linux names them."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return []
    flags = next((line.split() for line in lines if line.startswith(("flags", "Features"))), [])
    return [name for name in INSTRUCTIONS if name in flags]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
