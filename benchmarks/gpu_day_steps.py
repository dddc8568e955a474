"""The steps of ``gpu_day.py``: what each runs, and how long it may take."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALONE = "tests/engine/test_one_rank_on_gpu.py"


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: what ``--only`` calls it.
        seconds: the most that it may take in a day of 25 minutes; less in a shorter one.
        kept: seconds that each of its commands leaves to each of those after it.
        takes_the_rest: the last one may take all the time that is left.
    """

    name: str
    seconds: float
    kept: float = 5
    takes_the_rest: bool = False


STEPS = (
    Step("environment", 40),
    Step("tests", 120, kept=22),
    Step("sanitizer", 120, kept=35),
    Step("attention", 75),
    Step("training", 75),
    Step("upscaling", 45),
    Step("backends", 60),
    Step("degradation", 20),
    Step("loading", 30),
    Step("recipes", 75),
    Step("compiled", 75),
    Step("combination", 75, takes_the_rest=True),
)


def share(steps: Sequence[Step], left: float) -> float:
    """Seconds of those left that the first of these steps may take.

    Where the time does not suffice for all, each gets less in the same proportion; what one does
    not need falls to those after it.
    """
    if steps[0].takes_the_rest:
        return left
    wanted = sum(step.seconds for step in steps)
    return min(left, steps[0].seconds * min(1.0, left / wanted))


def commands(step: Step, limit: float, folder: Path, *, rehearse: bool) -> list[list[str]]:
    """The commands of a step.

    Args:
        step: the step.
        limit: seconds that it may take.
        folder: a temporary folder.
        rehearse: tiny sizes on the processor.
    """
    made = _BY_NAME[step.name](limit, folder, rehearse)
    return [[sys.executable, *command] for command in made]


def _script(name: str, *arguments: str, rehearse: bool) -> list[str]:
    device = ("--device", "cpu", "--tiny") if rehearse else ("--device", "cuda")
    return [f"benchmarks/{name}.py", *device, *arguments]


def _environment(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    return [
        _script("device_environment", rehearse=rehearse),
        ["-m", "srplug_dlsn"],
    ]


def _tests(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    command = ["-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", "-q", "--tb=short"]
    # what is on trial is the device: warnings of other versions of packages are shown, no more
    command += ["-W", "default", "-p", "device_outcomes"]
    if importlib.util.find_spec("pytest_timeout"):
        command += ["-o", f"timeout={max(20, 0.6 * limit):.0f}"]
    if rehearse:
        return [[*command, *gpu_tests(), "--collect-only"]]
    cores, many = os.cpu_count() or 1, []
    if cores >= 8 and importlib.util.find_spec("xdist"):
        many = ["-n", str(min(10, cores - 4)), "--maxschedchunk", "1"]
    # a process group may keep its process from ending: it comes last, and alone
    rest = [name for name in gpu_tests() if name != ALONE]
    return [[*command, *rest, *many], [*command, ALONE]]


def gpu_tests() -> list[str]:
    """Files with tests that need a GPU: to collect all others takes longer than these."""
    files = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]
    return sorted(
        str(path.relative_to(ROOT)) for path in files if "mark.gpu" in path.read_text("utf-8")
    )


def _sanitizer(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    tools = ("racecheck", "memcheck")  # the second needs a quarter of the first's time
    return [_script("device_sanitizer", "--tool", tool, rehearse=rehearse) for tool in tools]


def _attention(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    if rehearse:
        arguments = ["--sides", "8", "--dtype", "float32", "tf32", "--seconds", "0.01"]
        arguments += ["--device", "cpu", "--no-memory"]
    else:
        arguments = ["--sides", "128", "48", "96", "--seconds", "0.2", "--device", "cuda"]
        arguments += ["--dtype", "float32", "bfloat16", "tf32", "float16"]
    return [["benchmarks/hashed_attention.py", *arguments]]


def _training(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    return [_script("device_training", "--seconds", "0.3", rehearse=rehearse)]


def _compiled(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    return [_script("device_training", "--seconds", "0.5", "--compile", rehearse=rehearse)]


def _upscaling(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    return [_script("device_upscaling", rehearse=rehearse)]


def _backends(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    weights = os.environ.get("SRCORE_GPU_DAY_WEIGHTS")
    arguments = ["--seconds", f"{max(1, limit - 30):.0f}"]  # what is begun has its time to end
    arguments += ["--weights", weights] if weights and not rehearse else []
    return [_script("device_backends", *arguments, rehearse=rehearse)]


def _degradation(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    return [_script("degradation", rehearse=rehearse)]


def _loading(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    return [_script("device_loading", rehearse=rehearse)]


def _recipes(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    return [_script("device_recipes", "--limit", f"{limit - 5:.0f}", rehearse=rehearse)]


def _combination(limit: float, folder: Path, rehearse: bool) -> list[list[str]]:
    seconds = max(10, min(limit - 40, 600)) if not rehearse else 5
    return [_script("device_combination", "--seconds", f"{seconds:.0f}", rehearse=rehearse)]


_BY_NAME = {
    "environment": _environment,
    "tests": _tests,
    "sanitizer": _sanitizer,
    "attention": _attention,
    "training": _training,
    "upscaling": _upscaling,
    "backends": _backends,
    "degradation": _degradation,
    "loading": _loading,
    "recipes": _recipes,
    "compiled": _compiled,
    "combination": _combination,
}
