"""What a stage takes from earlier ones: is there such a stage, and does it write such a file?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from srcore.config.layout import COMMON_FILES, task_files, training_files
from srcore.config.paths import STAGE_PREFIX, is_pending, paths_of
from srcore.config.schema import Experiment
from srcore.config.suggest import closest
from srcore.errors import Problem
from srcore.messages import shown

FROM = "from"


def stage_path_problems(
    experiment: Experiment,
    earlier: Mapping[str, Experiment | None],
    names: Sequence[str],
    start_from: str,
) -> Iterator[Problem]:
    """Problems of all ``stage:`` paths of a stage.

    Args:
        experiment: the stage.
        earlier: stages before it by name; None where one is too wrong to know its files.
        names: of all stages.
        start_from: the stage whose generator this one starts from, or empty.
    """
    if start_from and experiment.task is not None:
        yield Problem(FROM, f'a stage with the task "{experiment.task.type}" trains no generator')
    for key, path in paths_of(experiment):
        if not is_pending(path):
            continue
        stage, _, file = path.as_posix().removeprefix(STAGE_PREFIX).partition("/")
        complaint = _complaint(stage, file, earlier, names)
        if complaint and start_from == stage and key == "generator.weights":
            key, complaint = FROM, f'stage "{stage}" trains no generator'
        if complaint:
            yield Problem(key, complaint)
    yield from _other_network(experiment, earlier.get(start_from))


def _complaint(
    stage: str, file: str, earlier: Mapping[str, Experiment | None], names: Sequence[str]
) -> str:
    if stage not in earlier:
        if stage in names:
            return f"stage {shown(stage)} does not run before this one"
        hint = closest(stage, earlier) or f"earlier stages: {', '.join(earlier) or 'none'}"
        return f"no earlier stage {shown(stage)}; {hint}"
    experiment = earlier[stage]
    if experiment is None or not file:
        return ""
    files = _files(experiment)
    places = list(dict.fromkeys(PurePosixPath(pattern).parts[0] for pattern in files))
    first = PurePosixPath(file).parts[0]
    if first in places:
        return ""
    hint = closest(first, places) or f"it writes {', '.join(places)}"
    return f"stage {shown(stage)} writes no {shown(first)}; {hint}"


def _files(experiment: Experiment) -> tuple[str, ...]:
    if experiment.task is not None:
        return task_files(experiment.task) + COMMON_FILES
    networks = [name for name in experiment.roles() if experiment.network_table(name) is not None]
    return training_files(networks) + COMMON_FILES


def _other_network(experiment: Experiment, before: Experiment | None) -> Iterator[Problem]:
    """The generator of another type has none of the tensors that the earlier one saved."""
    if before is None or before.generator is None or experiment.generator is None:
        return
    own, trained = experiment.generator, before.generator
    if own.choice.type != trained.choice.type and not own.partial_weights:
        yield Problem(
            FROM,
            f'stage trains "{trained.choice.type}", this one "{own.choice.type}", which cannot '
            "take its weights",
        )
