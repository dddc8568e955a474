"""The program that tries an experiment: ``python -m srcore.estimating.probe FOLDER``."""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.checking.experiment import load_experiment
from srcore.errors import ConfigError, SrcoreError
from srcore.estimating.child import ANSWER, EXPERIMENT, JOB
from srcore.machine.memory import is_out_of_memory
from srcore.machine.processes import end_with_parent
from srcore.plugin.manager import PluginManager
from srcore.plugin.targets import resolve

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

_MOST_LIKELY_KILLED = "1000"


def main(folder: Path) -> None:
    """Try ``experiment.toml`` of a folder as its ``job.json`` says, and write ``answer.json``."""
    end_with_parent()
    with contextlib.suppress(OSError):  # if the system must end a process, then this one
        Path("/proc/self/oom_score_adj").write_text(_MOST_LIKELY_KILLED)
    from srcore.estimating.peak_memory import count_memory_from_here

    count_memory_from_here()
    job: dict[str, Any] = json.loads((folder / JOB).read_text("utf-8"))
    plugins = PluginManager(without=job.pop("without"), named=job.pop("named"))
    answer: dict[str, Any]
    try:
        target = resolve(job.pop("target"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = target(_experiment(folder, plugins), plugins, folder, **job)
    except (SrcoreError, RuntimeError, MemoryError) as error:
        # what a training says of memory is an error of srcore, caused by that of PyTorch
        causes = (error, error.__cause__)
        is_memory = any(cause is not None and is_out_of_memory(cause) for cause in causes)
        if not (is_memory or isinstance(error, SrcoreError)):
            raise
        text = " ".join(str(error).split()) or type(error).__name__
        answer = {"error": text, "out_of_memory": is_memory}
    (folder / ANSWER).write_text(json.dumps(answer), "utf-8")


def _experiment(folder: Path, plugins: PluginManager) -> Experiment:
    """What is tried; weights that were left out are no problem here."""
    loaded = load_experiment(folder / EXPERIMENT, plugins=plugins)
    experiment, problems = loaded.examine(loaded.stages[0])
    problems = [it for it in problems if not it.path.endswith("weights")]
    if experiment is None or problems:
        raise ConfigError(problems)
    return experiment


if __name__ == "__main__":
    main(Path(sys.argv[1]))
