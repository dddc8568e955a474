"""Loading experiments: stages, typed tables, and all problems of a file at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from srcore.config import reading
from srcore.config.checks import cross_checks
from srcore.config.dropping import KEY, drop, take_out
from srcore.config.merging import merge
from srcore.config.names import name_complaint, name_key
from srcore.config.output_checks import output_problems
from srcore.config.paths import MISSING
from srcore.config.reading import Source, SourcedText
from srcore.config.remarks import remarks
from srcore.config.schema import Experiment, MethodTable, roles_of
from srcore.config.stage_checks import stage_path_problems
from srcore.config.starting import has_checkpoint, start_weights
from srcore.config.structure import MOST_PROBLEMS, Invalid, Structurer
from srcore.config.suggest import closest
from srcore.config.telling import KEY as KEY_OF_WEIGHTS
from srcore.config.telling import told_by_run, told_by_weights
from srcore.config.toml import MAX_STAGES, MAX_VALUES
from srcore.errors import ConfigError, Problem
from srcore.messages import shown
from srcore.plugin.blame import naming_exits
from srcore.plugin.manager import PluginManager
from srcore.plugin.registry import Registry
from srcore.runs.folder import EXPERIMENT_FILES, RunFolder

#: Key of the stage that a run begins with; those before are left out.
FIRST_STAGE = "first_stage"


@attrs.frozen
class Stage:
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


@attrs.frozen
class LoadedExperiment:
    """A file that was read, merged and split into stages.

    Attributes:
        source: the merged file.
        stages: in the order of the file; one unnamed stage if the file has none.
        plugins: whose components it is made of.
        continued: runs by name of the stages that have a checkpoint in them; what these stages
            started from may be gone.
    """

    source: Source
    stages: tuple[Stage, ...]
    plugins: PluginManager = attrs.field(eq=False, repr=False)
    continued: Mapping[str, Path] = attrs.field(factory=dict)

    @property
    def name(self) -> str:
        """Name of the run."""
        return str(self.source.table.get("name", self.source.path.stem))

    def experiment(self, stage: Stage, folders: Mapping[str, Path] | None = None) -> Experiment:
        """The typed experiment of a stage; raises ConfigError with all its problems.

        Args:
            stage: one of ``stages``.
            folders: output folders of the stages, to resolve ``stage:`` paths.
        """
        experiment, problems = self.examine(stage, folders)
        if problems or experiment is None:
            raise ConfigError(problems)
        return experiment

    def examine(
        self, stage: Stage, folders: Mapping[str, Path] | None = None
    ) -> tuple[Experiment | None, list[Problem]]:
        """The typed experiment as far as it can be made, and everything wrong with it."""
        experiment, problems, _ = self._structured(stage, folders)
        if experiment is not None:
            # a table that could not be converted is not missing
            broken = {known.path.partition(".")[0] for known in problems}
            problems = problems + [
                problem
                for problem in cross_checks(experiment, self.plugins)
                if not any(known.path.startswith(problem.path) for known in problems)
                and not _is_about(problem.path, broken)
            ]
        return experiment, [self.located(problem, stage) for problem in problems]

    def remarks(self) -> list[Problem]:
        """What works in a valid experiment but may not be meant, of all stages."""
        remarks_by_text: dict[str, Problem] = {}
        for stage in self.stages:
            experiment, problems, unread = self._structured(stage)
            if problems or experiment is None:
                raise ConfigError(self.located(problem, stage) for problem in problems)
            entries = [*unread, *remarks(experiment)]
            remarks_by_text.update(
                (str(entry), entry) for entry in (self.located(it, stage) for it in entries)
            )
        return list(remarks_by_text.values())

    def _structured(
        self, stage: Stage, folders: Mapping[str, Path] | None = None
    ) -> tuple[Experiment | None, list[Problem], list[Problem]]:
        """The typed tables of a stage as far as they can be made, problems, and former ones.

        The last are missing start weights of a stage that goes on from a checkpoint.
        """
        registry = self.plugins.registry
        structurer = Structurer(registry, folders, _role_kinds(stage, registry))
        try:
            return structurer.structure(stage.table, Experiment), [], []
        except Invalid as error:
            problems = [_with_origin(problem, stage.table) for problem in error.problems]
            if error.partial is attrs.NOTHING:
                return None, problems, []
            experiment: Experiment = error.partial
        run = self.continued.get(stage.name)
        started = {key for key, _ in start_weights(experiment)} if run is not None else set()
        unread = [
            attrs.evolve(it, message=f"{it.message}; {run} has a checkpoint and goes on without it")
            for it in problems
            if it.path in started
        ]
        return experiment, [it for it in problems if it.path not in started], unread

    def located(self, problem: Problem, stage: Stage) -> Problem:
        """A problem of a stage with the file that wrote the key, and its path in that file."""
        if problem.source:
            return problem
        inside = f"{stage.prefix}.{problem.path}"
        # A stage's own name is no key of its experiment: what is wrong there is the run's name.
        is_of_stage = stage.prefix and problem.path != "name"
        if is_of_stage and inside in self.source.origins:
            return attrs.evolve(problem, path=inside, source=self.source.origin(inside))
        return attrs.evolve(problem, source=self.source.origin(problem.path))


def _with_origin(problem: Problem, table: Mapping[str, Any]) -> Problem:
    """A missing start of the generator with the place where it is published."""
    generator = table.get("generator")
    place = generator.get("weights_from") if isinstance(generator, Mapping) else ""
    if problem.path != "generator.weights" or MISSING not in problem.message or not place:
        return problem
    return attrs.evolve(problem, message=f"{problem.message}; published at {place}")


def _role_kinds(stage: Stage, registry: Registry) -> dict[str, str]:
    """Kinds of the method's networks; its own problems are found with the others."""
    try:
        method = Structurer(registry).structure(stage.table["method"], MethodTable)
    except KeyError:
        return {}
    except Invalid as error:
        if error.partial is attrs.NOTHING:
            return {}
        method = error.partial
    return {name: role.kind for name, role in roles_of(method.selected).items()}


def _is_about(path: str, broken: set[str]) -> bool:
    """Whether ``optimizer.NETWORK`` or ``schedule.NETWORK`` names a network's broken table."""
    table, _, network = path.partition(".")
    return table in ("optimizer", "schedule") and network in broken


def load(
    path: str | Path, overrides: Iterable[str] = (), *, plugins: PluginManager
) -> LoadedExperiment:
    """Read an experiment file (or a shipped experiment by name) and split it into stages.

    Raises:
        ConfigError: what makes the file unreadable; :func:`check` finds everything else.
    """
    source = reading.read(path, plugins.registry, overrides)
    table = told_by_weights(source.table, plugins.registry, source.origin(KEY_OF_WEIGHTS))
    source = attrs.evolve(source, table=table)
    stages = tuple(_told(stage, source, plugins.registry) for stage in _stages(source))
    return LoadedExperiment(source, stages, plugins)


def _told(stage: Stage, source: Source, registry: Registry) -> Stage:
    """A stage whose generator may be named by its weights alone."""
    where = f"{stage.prefix}.{KEY_OF_WEIGHTS}" if stage.prefix else KEY_OF_WEIGHTS
    origin = source.origin(where if where in source.origins else KEY_OF_WEIGHTS)
    return attrs.evolve(stage, table=told_by_weights(stage.table, registry, origin))


def check(
    path: str | Path,
    overrides: Iterable[str] = (),
    *,
    plugins: PluginManager,
    resumed: Path | None = None,
    output: Path | None = None,
) -> LoadedExperiment:
    """Load an experiment and raise one ConfigError with all problems of all its stages.

    Args:
        path: the file, or the name of a shipped experiment.
        overrides: ``KEY=VALUE`` of ``--set``.
        plugins: whose components it may name.
        resumed: folder of runs in which it goes on, or may; start weights that were read by a run
            there are not missed.
        output: folder of runs in which it would be run; None: the run looks itself.
    """
    with naming_exits():
        return _checked(load(path, overrides, plugins=plugins), resumed, output)


def _checked(
    loaded: LoadedExperiment, resumed: Path | None, output: Path | None
) -> LoadedExperiment:
    if resumed is not None:
        run = resumed / loaded.name
        going = {it.name: run for it in loaded.stages if has_checkpoint(run / it.name)}
        stages = tuple(
            attrs.evolve(it, table=told_by_run(it.table, RunFolder(run / it.name).experiment))
            if it.name in going
            else it
            for it in loaded.stages
        )
        loaded = attrs.evolve(loaded, stages=stages, continued=going)
    problems: dict[str, Problem] = {}
    earlier: dict[str, Experiment | None] = {}
    names = [stage.name for stage in loaded.stages]
    for stage in loaded.stages:
        experiment, of_stage = loaded.examine(stage)
        if experiment is not None and output is not None:
            fed = output_problems(experiment, output / loaded.name)
            of_stage += [loaded.located(problem, stage) for problem in fed]
        if experiment is not None:
            of_stages = stage_path_problems(
                experiment, earlier, names, stage.start_from, loaded.plugins.registry
            )
            of_stage += [loaded.located(problem, stage) for problem in of_stages]
        earlier[stage.name] = experiment
        problems.update((str(problem), problem) for problem in of_stage)
        if len(problems) >= MOST_PROBLEMS:
            message = "these first: more problems follow, or may follow"
            first = itertools.islice(problems.values(), MOST_PROBLEMS)
            raise ConfigError([*first, Problem("", message, loaded.source.origin(""))])
    if problems:
        raise ConfigError(problems.values())
    return loaded


def _stages(source: Source) -> tuple[Stage, ...]:
    base = {key: it for key, it in source.table.items() if key not in ("stages", FIRST_STAGE)}
    listed = source.table.get("stages")
    if listed is None:
        if FIRST_STAGE in source.table:
            message = "the experiment has no stages; remove the key"
            raise ConfigError([Problem(FIRST_STAGE, message, source.origin(FIRST_STAGE))])
        return (Stage("", base),)
    where = source.origin("stages")
    if listed == []:
        message = "expected at least one [[stages]] table, found none; remove the key to train once"
        raise ConfigError([Problem("stages", message, where)])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise ConfigError([Problem("stages", "expected a list of tables: [[stages]]", where)])
    if len(listed) > MAX_STAGES:
        raise ConfigError([Problem("stages", f"more than {MAX_STAGES} stages", where)])
    problems: list[Problem] = []
    stages: list[Stage] = []
    count = 0
    for index, entry in enumerate(listed):
        prefix = f"stages[{index}]"
        name, start_from = entry.get("name"), entry.get("from", "")
        earlier = [stage.name for stage in stages]
        problems += [
            Problem(f"{prefix}.{key}", message, where)
            for key, message in _stage_problems(name, start_from, earlier)
        ]
        own_generator = entry.get("generator")
        if start_from and isinstance(own_generator, dict) and "weights" in own_generator:
            path = f"{prefix}.generator.weights"
            message = (
                f'the stage starts from "{start_from}" (from) and would not read it; remove one '
                "of both"
            )
            problems.append(Problem(path, message, source.origin(path)))
        overlay = {key: value for key, value in entry.items() if key not in ("name", "from", KEY)}
        table = merge(
            _without_dropped(base, entry.get(KEY, ()), f"{prefix}.{KEY}", source), overlay
        )
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
        stages.append(Stage(str(name), table, str(start_from), prefix))
    if problems:
        raise ConfigError(problems)
    return _from_first(stages, base, source)


def _from_first(
    stages: Sequence[Stage], base: Mapping[str, Any], source: Source
) -> tuple[Stage, ...]:
    """The stages from ``first_stage`` on; those that would start from one before, from a file."""
    first = source.table.get(FIRST_STAGE)
    if first is None:
        return tuple(stages)
    names = [stage.name for stage in stages]
    where = source.origin(FIRST_STAGE)
    if first not in names:
        hint = closest(str(first), names) or f"stages: {', '.join(names)}"
        raise ConfigError([Problem(FIRST_STAGE, f"no stage {shown(first)}; {hint}", where)])
    left_out = names[: names.index(first)]
    kept = []
    for stage in stages[len(left_out) :]:
        if stage.start_from in left_out:
            generator = base.get("generator", {})
            weights = generator.get("weights") if isinstance(generator, dict) else None
            if weights is None:
                message = (
                    f"{shown(stage.name)} starts from {shown(stage.start_from)}, which is left "
                    "out: name a file by generator.weights (--weights)"
                )
                raise ConfigError([Problem(FIRST_STAGE, message, where)])
            table = {**stage.table, "generator": {**stage.table["generator"], "weights": weights}}
            stage = attrs.evolve(stage, table=table, start_from="")
        kept.append(stage)
    return tuple(kept)


def _without_dropped(
    base: Mapping[str, Any], paths: Sequence[str], where: str, source: Source
) -> dict[str, Any]:
    """The tables that all stages share, without those that a stage drops."""
    table = dict(base)
    own = [path for path in paths if f"{where}.{path}" in source.origins]
    for path in own:
        take_out(table, path)
    drop(table, [path for path in paths if path not in own], where, source.origin(where))
    return table


def _stage_problems(name: Any, start_from: Any, earlier: list[str]) -> Iterable[tuple[str, str]]:
    complaint = _stage_name_complaint(name, earlier)
    if complaint:
        yield "name", complaint
    if start_from and start_from not in earlier:
        hint = (
            closest(str(start_from), earlier) or f"earlier stages: {', '.join(earlier) or 'none'}"
        )
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
