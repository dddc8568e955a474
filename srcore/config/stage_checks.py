"""What a stage takes from earlier ones: is there such a stage, and does it write such a file?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from srcore.config.layout import COMMON_FILES, task_files, training_files
from srcore.config.paths import STAGE_PREFIX, is_pending, paths_of
from srcore.config.schema import Experiment
from srcore.config.starting import weights_key
from srcore.config.suggest import closest
from srcore.errors import Problem
from srcore.messages import shown
from srcore.options import Selected

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
    yield from _other_networks(experiment, earlier, start_from)


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


def _other_networks(
    experiment: Experiment, earlier: Mapping[str, Experiment | None], start_from: str
) -> Iterator[Problem]:
    """Networks that start from what an earlier stage trains, and cannot take its weights."""
    for name, role in experiment.roles().items():
        table = experiment.network_table(name)
        if table is None or not is_pending(table.weights):
            continue
        stage, _, file = str(table.weights).removeprefix(STAGE_PREFIX).partition("/")
        before = earlier.get(stage)
        if before is None:
            continue
        trained = before.network_table(_trained_role(file, role.kind))
        if trained is None:
            continue
        partial = getattr(table, "partial_weights", False)
        is_alike = trained.choice == table.choice and before.scale == experiment.scale
        if is_alike or (role.kind != "network" and trained.choice.type == table.choice.type):
            continue
        told = _told(table.choice, experiment.scale, trained.choice, before.scale, file, partial)
        if told:
            is_from = start_from == stage and name == "generator"
            yield Problem(FROM if is_from else weights_key(name), told)


def _trained_role(file: str, kind: str) -> str:
    """The role of the earlier stage whose weights are taken from a file of it."""
    if file.startswith("checkpoints/"):
        return "discriminator" if kind == "discriminator" else "generator"
    role = PurePosixPath(file).name.removesuffix(".safetensors")
    return "generator" if role == "generator_best" else role


def _told(
    own: Selected, scale: int, trained: Selected, trained_scale: int, file: str, partial: bool
) -> str:
    """Why a network cannot take the weights of another one; empty if it can, or nobody knows."""
    from srcore.weights.succession import Chosen, can_start, decisive  # torch: only where it must

    networks = Chosen(own, scale), Chosen(trained, trained_scale)
    is_exported = not file.startswith("checkpoints/")
    fits = can_start(*networks, partial=partial, exported=is_exported)
    if own.type != trained.type:
        if fits:
            return ""
        found = (
            f'stage trains "{trained.type}", this one "{own.type}", which cannot take its weights'
        )
        # A network that cannot be built here: files for use say what they are, and are compared.
        return found if fits is False or (is_exported and not partial) else ""
    if fits is not False:
        return ""
    pairs = (f"{key} = {shown(its)} (here {shown(ours)})" for key, its, ours in decisive(*networks))
    told = f"stage trains {own.type} with {', '.join(pairs)}, whose weights do not fit"
    hint = "" if partial else ", or partial_weights = true to start from what fits"
    return f"{told}; set the same{hint}"
