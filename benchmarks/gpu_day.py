"""Everything that is worth knowing of a GPU, in order of worth, within a given time.

python benchmarks/gpu_day.py --minutes 25 --out results [--wheels FOLDER] [--libraries FOLDER]

Runs from a plain checkout on a machine with a CUDA PyTorch: what else srcore needs comes as wheels
of a folder, and the compiled libraries of srplug-dlsn from another one, so that no minute goes into
building. Every step is a process of its own with a time limit. After each, ``gpu_day.json`` (all
figures) and ``gpu_day.md`` (what to read) are written anew; what the time did not suffice for is
listed as "not run". ``--only`` picks steps, ``--rehearse`` tries all of it on the processor with
tiny sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plain_checkout
from gpu_day_steps import STEPS, Step, commands, share

ROOT = Path(__file__).resolve().parent.parent
KEPT = 24000  # characters of a step's output; the report shows the last third
SPARE = 5  # seconds at the end that no step gets
LEAST = 8  # seconds below which no step is begun


@dataclass
class Outcome:
    """What became of a step."""

    name: str
    state: str = "not run"
    seconds: float = 0.0
    output: str = ""
    results: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    """Run the steps and write after each."""
    options = arguments()
    begin = time.monotonic()
    end = begin + options.minutes * 60 - SPARE
    options.out.mkdir(parents=True, exist_ok=True)
    chosen = [step for step in STEPS if not options.only or step.name in options.only]
    chosen = [step for step in chosen if step.name not in options.skip]
    outcomes = [Outcome(step.name) for step in chosen]
    write(options.out, outcomes, options, 0.0)
    with tempfile.TemporaryDirectory(prefix="gpu-day-") as temporary:
        folder = Path(temporary)
        variables = plain_checkout.environment(folder / "site", options.wheels, options.libraries)
        variables |= caches(folder)
        if options.commit:
            variables["SRCORE_BENCHMARK_COMMIT"] = options.commit
        for number, (step, outcome) in enumerate(zip(chosen, outcomes, strict=True)):
            left = end - time.monotonic()
            if left < LEAST:
                outcome.output = f"{max(0, left):.0f} s were left"
                continue
            # a rehearsal is on a busy processor
            limit = left if options.rehearse else share(chosen[number:], left)
            print(f"== {step.name} (at most {limit:.0f} s)", flush=True)
            perform(step, outcome, limit, folder, variables, rehearse=options.rehearse)
            print(f"   {outcome.state} after {outcome.seconds:.1f} s", flush=True)
            write(options.out, outcomes, options, time.monotonic() - begin)
    write(options.out, outcomes, options, time.monotonic() - begin)
    print((options.out / "gpu_day.md").read_text("utf-8"))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [step.name for step in STEPS]
    parser.add_argument("--minutes", type=float, default=25, help="all steps together")
    parser.add_argument("--out", type=Path, required=True, help="folder of the two files")
    parser.add_argument("--wheels", type=Path, help="folder of wheels to use")
    parser.add_argument("--libraries", type=Path, help="folder of srplug-dlsn's libraries")
    parser.add_argument("--commit", help="that of the tree, where it is a copy without git's")
    parser.add_argument("--only", nargs="+", choices=names, default=[], metavar="STEP")
    parser.add_argument("--skip", nargs="+", choices=names, default=[], metavar="STEP")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes on the processor")
    options = parser.parse_args()
    for folder in (options.wheels, options.libraries):
        if folder is not None and not folder.is_dir():
            parser.error(f"{folder}: no such folder")
    return options


def caches(folder: Path) -> dict[str, str]:
    """Places of what compilers keep: steps share it, and nothing of it is left in a home folder."""
    return {
        "TRITON_CACHE_DIR": str(folder / "triton"),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"),
    }


def perform(
    step: Step,
    outcome: Outcome,
    limit: float,
    folder: Path,
    variables: dict[str, str],
    *,
    rehearse: bool,
) -> None:
    """Run the commands of a step one after another and take what they found."""
    began = time.monotonic()
    results = folder / f"results-{step.name}"
    results.mkdir()
    log = folder / f"{step.name}.log"
    variables = variables | {"SRCORE_BENCHMARK_RESULTS": str(results)}
    variables["PYTHONPATH"] += f"{os.pathsep}{ROOT / 'benchmarks'}"
    states = []
    work = commands(step, limit, folder, rehearse=rehearse)
    for number, command in enumerate(work):
        left = limit - (time.monotonic() - began)
        left -= min(step.kept * (len(work) - number - 1), left / 2)
        states.append(call(command, left, log, variables) if left > 1 else "out of time")
    outcome.state = next((state for state in states if state != "done"), "done")
    outcome.seconds = round(time.monotonic() - began, 1)
    if log.exists():
        text = log.read_text("utf-8", errors="replace")
        half = KEPT // 2
        outcome.output = text if len(text) <= KEPT else f"{text[:half]}\n[...]\n{text[-half:]}"
    for path in sorted(results.glob("*.json")):
        try:
            outcome.results[path.stem] = json.loads(path.read_text("utf-8"))
        except ValueError:
            outcome.results[path.stem] = "was cut off"


def call(command: list[str], limit: float, log: Path, variables: dict[str, str]) -> str:
    """Run a command with its children; whatever is left of them at the limit is ended."""
    with log.open("a", encoding="utf-8") as output:
        output.write(f"$ {' '.join(command)}\n")
        output.flush()
        try:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            output.write(f"{error}\n")
            return "could not be started"
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            # first asked, so that pytest and the like can say how far they came
            for number in (signal.SIGINT, signal.SIGKILL):
                os.killpg(process.pid, number)
                try:
                    process.wait(3)
                    break
                except subprocess.TimeoutExpired:
                    continue
            return f"cut off after {limit:.0f} s"
    return "done" if code == 0 else f"ended with {code}"


def write(folder: Path, outcomes: list[Outcome], options: argparse.Namespace, took: float) -> None:
    """Both files, as far as the day has come."""
    content = {
        "benchmark": "gpu_day",
        "minutes": options.minutes,
        "is_rehearsal": options.rehearse,
        "seconds": round(took, 1),
        "steps": [vars(outcome) for outcome in outcomes],
    }
    put(folder / "gpu_day.json", json.dumps(content, indent=1) + "\n")
    lines = ["# A day on a GPU", "", "| step | state | seconds |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.state} | {one.seconds} |" for one in outcomes]
    for one in outcomes:
        if one.state == "not run":
            continue
        lines += ["", f"## {one.name}: {one.state}", ""]
        for name, result in one.results.items():
            results = result.get("results", result) if isinstance(result, dict) else result
            lines += [f"### {name}", "", *table(results)]
        lines += ["", "```", one.output.strip()[-KEPT // 3 :], "```"]
    put(folder / "gpu_day.md", "\n".join(lines) + "\n")


def put(path: Path, text: str) -> None:
    """A file that is whole at any time."""
    temporary = path.with_suffix(path.suffix + ".part")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def table(values: Any, place: str = "") -> list[str]:
    """Nested figures as ``- place: figure``; of measured times the median and the quartiles."""
    if isinstance(values, dict) and "median" in values:
        low, high = values.get("quartiles", (values["median"],) * 2)
        return [f"- {place}: {values['median']:.4g} [{low:.4g}, {high:.4g}]"]
    if isinstance(values, dict):
        lines = []
        for key, value in values.items():
            if key not in ("values", "cpu_ms"):
                lines += table(value, f"{place} / {key}" if place else str(key))
        return lines
    shown = f"{values:.4g}" if isinstance(values, float) else str(values)[:400]
    return [f"- {place}: {shown}"]


if __name__ == "__main__":
    main()
