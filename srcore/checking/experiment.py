"""Loading experiments: stages, typed tables, and all problems of a file at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import attrs

from srcore.checking.generator_telling import KEY as KEY_OF_WEIGHTS
from srcore.checking.generator_telling import told_by_run, told_by_weights
from srcore.checking.interval_remarks import interval_remarks
from srcore.checking.output_checks import output_problems
from srcore.checking.remarks import remarks
from srcore.checking.stage_checks import stage_path_problems
from srcore.checking.stage_tables import ExperimentStage, examined_stages
from srcore.checking.unread_overrides import partly_read_overrides, unread_overrides
from srcore.checking.unread_values import unread_problems
from srcore.config import reading
from srcore.config.batch_size import numbered
from srcore.config.invalid import Invalid
from srcore.config.named_models import with_addresses
from srcore.config.paths import MISSING
from srcore.config.reading import Overrides, Readable, Source, display
from srcore.config.schema import Experiment, MethodTable, roles_of
from srcore.config.start_weights import has_weights, start_weights
from srcore.config.structure import MOST_PROBLEMS, Structurer
from srcore.errors import ConfigError, Problem
from srcore.moved import renamed
from srcore.plugin.blame import naming_exits
from srcore.plugin.manager import PluginManager
from srcore.plugin.registry import Registry
from srcore.runs.folder import RunFolder, has_checkpoint
from srcore.runs.used_plugins import refuse_missing_plugins
from srcore.trials.sweep_problems import sweep_problems


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
    stages: tuple[ExperimentStage, ...]
    plugins: PluginManager = attrs.field(eq=False, repr=False)
    continued: Mapping[str, Path] = attrs.field(factory=dict)

    @property
    def name(self) -> str:
        """Name of the run."""
        return str(self.source.table.get("name", self.source.path.stem))

    def experiment(
        self, stage: ExperimentStage, folders: Mapping[str, Path] | None = None
    ) -> Experiment:
        """The typed experiment of a stage.

        Args:
            stage: one of ``stages``.
            folders: output folders of the stages, to resolve ``stage:`` paths.

        Raises:
            ConfigError: all problems of the stage.
        """
        experiment, problems = self.examine(stage, folders)
        if problems or experiment is None:
            raise ConfigError(problems)
        return experiment

    def examine(
        self, stage: ExperimentStage, folders: Mapping[str, Path] | None = None
    ) -> tuple[Experiment | None, list[Problem]]:
        """The typed experiment as far as it can be made, and everything wrong with it."""
        experiment, problems, _ = self._structured(stage, folders)
        if experiment is not None:
            # a table that could not be converted is not missing
            broken = {known.path.partition(".")[0] for known in problems}
            problems = problems + [
                problem
                for problem in self._between_tables(experiment)
                if not any(known.path.startswith(problem.path) for known in problems)
                and not _is_about(problem.path, broken)
            ]
        return experiment, [self.located(problem, stage) for problem in problems]

    def _between_tables(self, experiment: Experiment) -> Iterator[Problem]:
        """What plugins find, of which the core is the first."""
        first: list[Problem] | None = None
        for tried in numbered(experiment):
            problems = problems_between_tables(tried, self.plugins)
            if not problems:
                return iter(())
            first = problems if first is None else first
        return iter(first or ())

    def remarks(self) -> list[Problem]:
        """What works in a valid experiment but may not be meant, of all stages.

        Raises:
            ConfigError: a stage is not valid.
        """
        heard = partly_read_overrides(self.source, self.stages)
        remarks_by_text = {str(entry): entry for entry in heard}
        for stage in self.stages:
            experiment, problems, unread = self._structured(stage)
            if problems or experiment is None:
                raise ConfigError(self.located(problem, stage) for problem in problems)
            entries = [*unread, *remarks(experiment), *interval_remarks(experiment)]
            if has_weights(experiment):
                from srcore.checking.weights_remarks import (
                    weights_remarks,  # torch: only where it must
                )

                entries += weights_remarks(experiment)
            remarks_by_text.update(
                (str(entry), entry) for entry in (self.located(it, stage) for it in entries)
            )
        return list(remarks_by_text.values())

    def _structured(
        self, stage: ExperimentStage, folders: Mapping[str, Path] | None = None
    ) -> tuple[Experiment | None, list[Problem], list[Problem]]:
        """The typed tables of a stage as far as they can be made, problems, and former ones.

        The last are missing start weights of a stage that goes on from a checkpoint.
        """
        registry = self.plugins.registry
        structurer = Structurer(registry, folders, _role_kinds(stage, registry))
        try:
            return structurer.structure(stage.table, Experiment), [], []
        except Invalid as error:
            problems = [_with_source(problem, stage.table) for problem in error.problems]
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

    def located(self, problem: Problem, stage: ExperimentStage) -> Problem:
        """A problem of a stage with the file that wrote the key, and its path in that file."""
        if problem.source:
            return problem
        return self._advised(self._sourced(problem, stage))

    def _advised(self, problem: Problem) -> Problem:
        """What a shipped experiment leaves to its user is no fault of its file."""
        name = self._shipped(problem.source)
        if name is None:
            return problem
        message = problem.message
        if MISSING in message:
            ours = display(self.source.path)
            shipped = self._shipped(ours)
            place = f'a file with extends = "{shipped}"' if shipped else ours
            message += f"; name yours: --set {problem.path}=PATH, or the key in {place}"
        return attrs.evolve(problem, source=f'shipped "{name}"', message=message)

    def _shipped(self, source: str) -> str | None:
        """Name of the shipped experiment that is this file, as messages show it."""
        file = PurePath(source).name
        for name, (path, _) in self.plugins.registry.experiments().items():
            if path.name == file and display(path) == source:  # the second asks the file system
                return name
        return None

    def _sourced(self, problem: Problem, stage: ExperimentStage) -> Problem:
        inside = f"{stage.prefix}.{problem.path}"
        written = self.source.written(inside)
        # A key that nobody wrote is missed in the table that lacks it, if a stage wrote that.
        is_missed = problem.path not in self.source.origins and len(written) > len(stage.prefix)
        # A stage's own name is no key of its experiment: what is wrong there is the run's name.
        if stage.prefix and problem.path != "name" and (written == inside or is_missed):
            return attrs.evolve(problem, path=inside, source=self.source.origin(inside))
        return attrs.evolve(problem, source=self.source.origin(problem.path))


def problems_between_tables(experiment: Experiment, plugins: PluginManager) -> list[Problem]:
    """What the core and all plugins find wrong with several tables together."""
    told = plugins.hook.srcore_experiment_loaded(experiment=experiment, registry=plugins.registry)
    return list(itertools.chain.from_iterable(told))


def _with_source(problem: Problem, table: Mapping[str, Any]) -> Problem:
    """A missing start of the generator with the place where it is published."""
    generator = table.get("generator")
    place = generator.get("weights_from") if isinstance(generator, Mapping) else ""
    if problem.path != "generator.weights" or MISSING not in problem.message or not place:
        return problem
    return attrs.evolve(problem, message=f"{problem.message}; published at {place}")


def _role_kinds(stage: ExperimentStage, registry: Registry) -> dict[str, str]:
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


def load_experiment(
    path: Readable, overrides: Overrides = (), *, plugins: PluginManager
) -> LoadedExperiment:
    """Read an experiment file (or a shipped experiment by name) and split it into stages.

    Raises:
        ConfigError: what makes the file unreadable, or its stages; :func:`check_experiment` finds
            everything else.
    """
    loaded, problems = _as_far_as_it_goes(path, overrides, plugins)
    if problems:
        raise ConfigError(problems)
    return loaded


def _as_far_as_it_goes(
    path: Readable, overrides: Overrides, plugins: PluginManager
) -> tuple[LoadedExperiment, list[Problem]]:
    """An experiment, and what is wrong with its stages and with weights that tell a network."""
    problems: list[Problem] = []

    def told(table: Mapping[str, Any], origin: str) -> dict[str, Any]:
        try:
            addressed = with_addresses(table, plugins.registry)
            return told_by_weights(addressed, plugins.registry, origin)
        except ConfigError as error:
            problems.extend(error.problems)
            return dict(table)

    source = reading.read_experiment(path, plugins.registry, overrides)
    source = attrs.evolve(source, table=told(source.table, source.origin(KEY_OF_WEIGHTS)))
    stages, of_stages = examined_stages(source)
    with_networks = tuple(
        attrs.evolve(stage, table=told(stage.table, _origin_of_weights(stage, source)))
        for stage in stages
    )
    return LoadedExperiment(source, with_networks, plugins), [*of_stages, *problems]


def _origin_of_weights(stage: ExperimentStage, source: Source) -> str:
    """Where the weights stand by which alone the generator of a stage may be named."""
    where = f"{stage.prefix}.{KEY_OF_WEIGHTS}" if stage.prefix else KEY_OF_WEIGHTS
    return source.origin(where if where in source.origins else KEY_OF_WEIGHTS)


def check_experiment(
    path: Readable,
    overrides: Overrides = (),
    *,
    plugins: PluginManager,
    resumed: Path | None = None,
    output: Path | None = None,
) -> LoadedExperiment:
    """Load an experiment in which nothing is wrong, in any of its stages.

    Args:
        path: the file, the name of a shipped experiment, or the table of one.
        overrides: ``KEY=VALUE`` of ``--set``, or values by dotted key.
        plugins: whose components it may name.
        resumed: folder of runs in which it goes on, or may; start weights that were read by a run
            there are not missed.
        output: folder of runs in which it would be run; None: the run looks itself.

    Raises:
        ConfigError: the file is not there or cannot be read, or all that is wrong in it.
    """
    with naming_exits():
        loaded, problems = _as_far_as_it_goes(path, overrides, plugins)
        return _check_stages(loaded, resumed, output, problems)


def _check_stages(
    loaded: LoadedExperiment,
    resumed: Path | None,
    output: Path | None,
    known: Iterable[Problem],
) -> LoadedExperiment:
    if resumed is not None:
        run = resumed / loaded.name
        if output is None:  # it goes on there: without its plugins everything else would be wrong
            for stage in loaded.stages:
                refuse_missing_plugins(run / stage.name, loaded.plugins)
        going = {it.name: run for it in loaded.stages if has_checkpoint(run / it.name)}
        stages = tuple(
            attrs.evolve(it, table=told_by_run(it.table, RunFolder(run / it.name).experiment))
            if it.name in going
            else it
            for it in loaded.stages
        )
        loaded = attrs.evolve(loaded, stages=stages, continued=going)
    problems = {str(problem): problem for problem in known}
    untold = any(problem.path == KEY_OF_WEIGHTS for problem in problems.values())
    unread = unread_overrides(loaded.source, loaded.stages)
    problems.update((str(problem), problem) for problem in unread)
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
            unfit = _unfit_weights(loaded, stage, experiment, of_stage)
            of_stage += [loaded.located(problem, stage) for problem in unfit]
        earlier[stage.name] = experiment
        if untold:  # the type that is missing would have been told
            of_stage = [it for it in of_stage if not it.path.endswith(("generator", ".type"))]
        problems.update((str(problem), problem) for problem in of_stage)
        if len(problems) >= MOST_PROBLEMS:
            message = "these first: more problems follow, or may follow"
            first = itertools.islice(problems.values(), MOST_PROBLEMS)
            raise ConfigError([*first, Problem("", message, loaded.source.origin(""))])
    further = [*_of_unread_values(loaded), *sweep_problems(loaded, loaded.plugins.registry)]
    problems.update((str(problem), problem) for problem in further)
    if problems:
        raise ConfigError(problems.values())
    return loaded


def _unfit_weights(
    loaded: LoadedExperiment,
    stage: ExperimentStage,
    experiment: Experiment,
    known: Sequence[Problem],
) -> list[Problem]:
    """Files of weights that a stage would refuse; not of what is wrong in itself."""
    keys = {problem.path.removeprefix(f"{stage.prefix}.") for problem in known}
    if not has_weights(experiment) or keys & {"scale", "method", "method.type"}:
        return []
    from srcore.checking.weights_problems import (
        weights_problems,  # torch: only where there are weights
    )

    continued = stage.name in loaded.continued
    misfits = weights_problems(experiment, loaded.plugins.registry, continued=continued)
    wrong = {key.rpartition(".")[0] for key in keys}
    return [it for it in misfits if it.path.rpartition(".")[0] not in wrong]


def _of_unread_values(loaded: LoadedExperiment) -> list[Problem]:
    """What is wrong with values that no stage reads."""
    if not loaded.stages[0].prefix:
        return []
    registry = loaded.plugins.registry

    def structurer(stage: ExperimentStage) -> Structurer:
        return Structurer(registry, None, _role_kinds(stage, registry), look_for_paths=False)

    unread = unread_problems(loaded.source, loaded.stages, structurer)
    return [loaded.located(problem, stage) for problem, stage in unread]


__getattr__ = renamed(__name__, {"check": "check_experiment", "load": "load_experiment"})
