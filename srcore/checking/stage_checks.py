"""What a stage takes from earlier ones: is there such a stage, and does it write such a file?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from srcore.config.paths import STAGE_PREFIX, is_pending, paths_of
from srcore.config.schema import Experiment
from srcore.config.start_weights import StageNetwork, weights_key
from srcore.errors import Problem
from srcore.messages import shown
from srcore.plugin.registry import Registry
from srcore.runs.folder import COMMON_FILES, RunFolder, task_files, training_files
from srcore.suggest import closest

FROM = "from"


def stage_path_problems(
    experiment: Experiment,
    earlier: Mapping[str, Experiment | None],
    names: Sequence[str],
    start_from: str,
    registry: Registry,
) -> Iterator[Problem]:
    """Problems of all ``stage:`` paths of a stage.

    Args:
        experiment: the stage.
        earlier: stages before it by name; None where one is too wrong to know its files.
        names: of all stages.
        start_from: the stage whose generator this one starts from, or empty.
        registry: knows how weights are read.
    """
    if start_from and experiment.task is not None:
        yield Problem(FROM, f'a stage with the task "{experiment.task.type}" trains no generator')
    for key, path in paths_of(experiment):
        if not is_pending(path):
            continue
        stage, _, file = path.as_posix().removeprefix(STAGE_PREFIX).partition("/")
        complaint = _missing_stage(stage, file, earlier, names)
        if complaint and start_from == stage and key == "generator.weights":
            key, complaint = FROM, f'stage "{stage}" trains no generator'
        if complaint:
            yield Problem(key, complaint)
    yield from _other_networks(experiment, earlier, start_from, registry)


def _missing_stage(
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
    files = _files_of_stage(experiment)
    places = list(dict.fromkeys(PurePosixPath(pattern).parts[0] for pattern in files))
    first = PurePosixPath(file).parts[0]
    if first in places:
        return ""
    hint = closest(first, places) or f"it writes {', '.join(places)}"
    return f"stage {shown(stage)} writes no {shown(first)}; {hint}"


def _files_of_stage(experiment: Experiment) -> tuple[str, ...]:
    if experiment.task is not None:
        return task_files(experiment.task) + COMMON_FILES
    networks = [name for name in experiment.roles() if experiment.network_table(name) is not None]
    return training_files(networks) + COMMON_FILES


def _other_networks(
    experiment: Experiment,
    earlier: Mapping[str, Experiment | None],
    start_from: str,
    registry: Registry,
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
        own, its = (
            StageNetwork(table.selected, experiment.scale),
            StageNetwork(trained.selected, before.scale),
        )
        if own == its or (role.kind != "network" and trained.selected.type == table.selected.type):
            continue
        told = _cannot_take(own, its, file, table.partial_weights, registry)
        if told:
            is_from = start_from == stage and name == "generator"
            yield Problem(FROM if is_from else weights_key(name), told)


def _trained_role(file: str, kind: str) -> str:
    """The role of the earlier stage whose weights are taken from a file of it."""
    if file.startswith(f"{RunFolder.checkpoints}/"):
        return "discriminator" if kind == "discriminator" else "generator"
    if file == RunFolder.best_generator:
        return "generator"
    return PurePosixPath(file).name.removesuffix(".safetensors")


def _cannot_take(
    own: StageNetwork, trained: StageNetwork, file: str, partial: bool, registry: Registry
) -> str:
    """Why a network cannot take the weights of another one; empty if it can, or nobody knows."""
    from srcore.checking.succession import can_start, decisive  # torch: only where it must

    is_exported = not file.startswith(f"{RunFolder.checkpoints}/")
    fits = can_start(own, trained, registry, partial=partial, exported=is_exported)
    ours, theirs = own.selected.type, trained.selected.type
    if ours != theirs:
        if fits:
            return ""
        message = f'stage trains "{theirs}", this one "{ours}", which cannot take its weights'
        # A network that cannot be built here: files for use say what they are, and are compared.
        return message if fits is False or (is_exported and not partial) else ""
    if fits is not False:
        return ""
    pairs = (
        f"{key} = {shown(value)} (here {shown(here)})"
        for key, value, here in decisive(own, trained, registry)
    )
    told = f"stage trains {ours} with {', '.join(pairs)}, whose weights do not fit"
    hint = "" if partial else ", or partial_weights = true to start from what fits"
    return f"{told}; set the same{hint}"
