"""The stages of an experiment: the tables that all share, overlaid by those of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from srcore.config.dropping import KEY, drop, take_out
from srcore.config.file_keys import FIRST_STAGE, OF_FILE
from srcore.config.merging import merge
from srcore.config.reading import Source, SourcedText
from srcore.errors import ConfigError, Problem
from srcore.files.names import name_complaint, name_key
from srcore.files.toml import MAX_STAGES, MAX_VALUES
from srcore.messages import shown
from srcore.runs.folder import EXPERIMENT_FILES, RunFolder
from srcore.suggest import closest


@attrs.frozen
class ExperimentStage:
    """One stage of an experiment.

    Attributes:
        name: folder of the stage; empty for an experiment without stages.
        table: the merged table of this stage.
        start_from: earlier stage whose generator this one starts from, or empty.
        prefix: path of the stage in the file, such as ``stages[1]``.
    """

    name: str
    table: dict[str, Any]
    start_from: str = ""
    prefix: str = ""


def examined_stages(source: Source) -> tuple[tuple[ExperimentStage, ...], list[Problem]]:  # noqa: C901 - one check after another
    """The stages as far as they can be told, and what is wrong with their names and order.

    A stage whose ``from`` is wrong starts from nothing, so that the rest of it can be looked at.

    Raises:
        ConfigError: ``stages`` is no list of tables, or holds too much.
    """
    base = {key: it for key, it in source.table.items() if key not in OF_FILE}
    listed = source.table.get("stages")
    if listed is None:
        if FIRST_STAGE in source.table:
            message = "the experiment has no stages; remove the key"
            unused = [Problem(FIRST_STAGE, message, source.origin(FIRST_STAGE))]
            return (ExperimentStage("", base),), unused
        return (ExperimentStage("", base),), []
    where = source.origin("stages")
    if listed == []:
        message = "expected at least one [[stages]] table, found none; remove the key to train once"
        return (ExperimentStage("", base),), [Problem("stages", message, where)]
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise ConfigError([Problem("stages", "expected a list of tables: [[stages]]", where)])
    if len(listed) > MAX_STAGES:
        raise ConfigError([Problem("stages", f"more than {MAX_STAGES} stages", where)])
    problems: list[Problem] = []
    stages: list[ExperimentStage] = []
    count = 0
    for index, entry in enumerate(listed):
        prefix = f"stages[{index}]"
        name, start_from = entry.get("name"), entry.get("from", "")
        earlier = [stage.name for stage in stages]
        for key, message in _stage_problems(name, start_from, earlier):
            path = f"{prefix}.{key}"
            problems.append(Problem(path, message, source.origin(path)))
            start_from = "" if key == "from" else start_from
        own_generator = entry.get("generator")
        if start_from and isinstance(own_generator, dict) and "weights" in own_generator:
            path = f"{prefix}.generator.weights"
            message = (
                f'the stage starts from "{start_from}" (from) and would not read it; remove one '
                "of both"
            )
            problems.append(Problem(path, message, source.origin(path)))
        overlay = {key: value for key, value in entry.items() if key not in ("name", "from", KEY)}
        kept, not_there = _drop_of_stage(base, entry.get(KEY, ()), f"{prefix}.{KEY}", source)
        problems += not_there
        table = merge(kept, overlay)
        count += sum(1 for _ in _leaves(table))
        if count > MAX_VALUES:
            message = f"more than {MAX_VALUES} values in all stages; is it an experiment?"
            raise ConfigError([Problem(prefix, message, where)])
        generator = table.get("generator", {})
        if start_from and isinstance(generator, dict):
            generator = dict(generator)
            generator["weights"] = SourcedText(
                f"stage:{start_from}/{RunFolder.generator}", source.path.parent
            )
            table["generator"] = generator
        for path in _leaves(overlay):
            source.origins.setdefault(f"{prefix}.{path}", source.origin(f"{prefix}.{path}"))
        stages.append(ExperimentStage(str(name), table, str(start_from), prefix))
    kept_stages, further = _from_first(stages, base, source)
    return kept_stages, problems + further


def _from_first(
    stages: Sequence[ExperimentStage], base: Mapping[str, Any], source: Source
) -> tuple[tuple[ExperimentStage, ...], list[Problem]]:
    """The stages from ``first_stage`` on; those that would start from one before, from a file."""
    first = source.table.get(FIRST_STAGE)
    if first is None:
        return tuple(stages), []
    names = [stage.name for stage in stages]
    where = source.origin(FIRST_STAGE)
    if first not in names:
        hint = closest(str(first), names) or f"stages: {', '.join(names)}"
        return tuple(stages), [Problem(FIRST_STAGE, f"no stage {shown(first)}; {hint}", where)]
    problems = []
    left_out = names[: names.index(first)]
    kept = []
    for stage in stages[len(left_out) :]:
        if stage.start_from in left_out and isinstance(stage.table.get("generator"), dict):
            generator = base.get("generator", {})
            weights = generator.get("weights") if isinstance(generator, dict) else None
            if weights is None:
                message = (
                    f"{shown(stage.name)} starts from {shown(stage.start_from)}, which is left "
                    "out: name a file by generator.weights (--weights)"
                )
                problems.append(Problem(FIRST_STAGE, message, where))
            own = {key: it for key, it in stage.table["generator"].items() if key != "weights"}
            if weights is not None:
                own["weights"] = weights
            stage = attrs.evolve(stage, table={**stage.table, "generator": own}, start_from="")
        kept.append(stage)
    return tuple(kept), problems


def _drop_of_stage(
    base: Mapping[str, Any], paths: Sequence[str], where: str, source: Source
) -> tuple[dict[str, Any], list[Problem]]:
    """The tables that all stages share, without those that a stage drops, and wrong ones."""
    table = dict(base)
    own = [path for path in paths if f"{where}.{path}" in source.origins]
    for path in own:
        take_out(table, path)
    try:
        drop(table, [path for path in paths if path not in own], where, source.origin(where))
    except ConfigError as error:
        return table, list(error.problems)
    return table, []


def _stage_problems(name: Any, start_from: Any, earlier: list[str]) -> Iterable[tuple[str, str]]:
    complaint = _stage_name_complaint(name, earlier)
    if complaint:
        yield "name", complaint
    if not isinstance(start_from, str):
        yield "from", f"expected the name of an earlier stage, found {shown(start_from)}"
    elif start_from and start_from not in earlier:
        hint = closest(start_from, earlier) or f"earlier stages: {', '.join(earlier) or 'none'}"
        yield "from", f"no earlier stage {shown(start_from)}; {hint}"


def _stage_name_complaint(name: Any, earlier: list[str]) -> str:
    if not isinstance(name, str):
        value = "nothing" if name is None else shown(name)
        return f"expected the name of one folder, found {value}"
    if name_complaint(name):
        return name_complaint(name)
    if name_key(name) in map(name_key, EXPERIMENT_FILES):
        return f"{shown(name)} is a file of every run; choose another name"
    for other in earlier:
        if other == name:
            return f"two stages are named {shown(name)}"
        if name_key(other) == name_key(name):
            return f"stages {shown(other)} and {shown(name)} would share a folder"
    return ""


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in table.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield f"{prefix}{key}[{index}]"
                if isinstance(item, Mapping):
                    yield from _leaves(item, f"{prefix}{key}[{index}].")
