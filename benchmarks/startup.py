"""How long the program takes to answer: ``srcore --help``, ``srcore check``, ``import srcore``.

    python benchmarks/startup.py

Targets: ``--help`` below 0.3 s, ``check`` of an experiment on disk below 2 s. Processor time of the
child process, so that other work on the machine counts less.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from harness import ROOT, summary, write_results

COMMANDS = {
    "help": ["-m", "srcore", "--help"],
    "check": ["-m", "srcore", "check", "examples/quickstart.toml"],
    "import": ["-c", "import srcore"],
    "python alone": ["-c", "pass"],
}
REPEATS = 9


def once(arguments: list[str]) -> tuple[float, float]:
    """Processor and wall seconds of one fresh process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1e3, wall * 1e3


def main() -> None:
    """Measure all commands in turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for turn in range(REPEATS + 1):
        for name, arguments in COMMANDS.items():
            measured = once(arguments)
            if turn:  # the first round fills the file cache
                times[name].append(measured)
    results = {
        name: {
            "cpu_ms": summary([c for c, _ in values]),
            "wall_ms": summary([w for _, w in values]),
        }
        for name, values in times.items()
    }
    for name, row in results.items():
        cpu, wall = row["cpu_ms"]["median"], row["wall_ms"]["median"]
        print(f"{name:14} cpu {cpu:7.1f} ms  wall {wall:7.1f} ms")
    print(write_results("startup", results, repeats=REPEATS))


if __name__ == "__main__":
    main()
