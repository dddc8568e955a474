"""What the folder of a run holds, by patterns in which ``*`` stands for folders too.

``stage:`` paths and ``--overwrite`` go by it: what a stage writes must be listed here, or by
``outputs`` of the options of its task.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from srcore.capabilities import option_capability

#: In the folder of every stage, training or not, and of an experiment without stages.
COMMON_FILES = (
    "experiment.toml", "provenance.json", "run.log", "report.html", "finished.json", "plugins/*",
)  # fmt: skip
#: In the folder of a stage that trains, beside the files of its networks.
_TRAINING_FILES = (
    "metrics.jsonl", "metrics.csv", "performance.json", "bicubic.json",
    "generator.safetensors", "generator_best.safetensors",
    "checkpoints/*.pt", "images/iteration_*.png", "tensorboard/*tfevents*",
)  # fmt: skip
#: In the folder of an experiment with stages, beside the folders of its stages.
EXPERIMENT_FILES = ("experiment.toml", "run.log", "report.html")
#: Phase of the training's own rows in metrics.jsonl; those of validation sets have their names.
TRAINING_PHASE = "train"


def training_files(networks: Iterable[str]) -> tuple[str, ...]:
    """What a stage that trains these networks writes of its own."""
    own = (re.sub(r"([\[*?])", r"[\1]", name) for name in networks if name != "generator")
    return (*_TRAINING_FILES, *(f"{name}.safetensors" for name in own))


def task_files(task: Any) -> tuple[str, ...]:
    """What a stage with this task (:class:`srcore.options.Selected`) writes of its own."""
    outputs = None if task is None else option_capability(task.options, "outputs")
    return tuple(outputs()) if outputs is not None else ()
