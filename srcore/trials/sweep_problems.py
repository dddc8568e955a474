"""What is wrong with a sweep: its table, its metric, and every trial that is known beforehand."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from srcore.config.file_keys import SWEEP
from srcore.config.invalid import Invalid
from srcore.config.overrides import parse_keys
from srcore.config.structure import MOST_PROBLEMS, Structurer
from srcore.config.sweep_table import SweepTable
from srcore.errors import ConfigError, MissingExtraError, Problem
from srcore.files.names import name_key
from srcore.plugin.registry import Registry
from srcore.trials.listing import MOST_TRIALS, Values, grid_size, listed_trials
from srcore.trials.metric import metric_complaint
from srcore.trials.parameters import assignment, choices, complaints_about, tried_values

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment

    #: Loads the experiment with further overrides, if it is valid.
    Loading = Callable[[Iterable[str]], LoadedExperiment]

#: Keys of a file that are not the same experiment with another value.
_NOT_SWEPT = ("name", "stages", "extends", "drop", "first_stage", SWEEP)


def sweep_of(loaded: LoadedExperiment, registry: Registry) -> SweepTable:
    """The table ``[sweep]`` of an experiment.

    Raises:
        ConfigError: there is none, or it is wrong.
    """
    if SWEEP not in loaded.source.table:
        message = "required table is missing; it names the keys and their values"
        raise ConfigError([Problem(SWEEP, message, loaded.source.origin(""))])
    sweep, problems = _structured_sweep(loaded, registry)
    if problems or sweep is None:
        raise ConfigError(problems)
    return sweep


def sweep_problems(loaded: LoadedExperiment, registry: Registry) -> list[Problem]:
    """What is wrong in ``[sweep]`` itself; nothing where there is no such table."""
    return _structured_sweep(loaded, registry)[1] if SWEEP in loaded.source.table else []


def _structured_sweep(
    loaded: LoadedExperiment, registry: Registry
) -> tuple[SweepTable | None, list[Problem]]:
    try:
        sweep = Structurer(registry).structure(loaded.source.table[SWEEP], SweepTable)
        problems = list(_inner_problems(sweep))
        complaint = metric_complaint(loaded, sweep)
        if complaint:
            problems.append(Problem("metric", complaint))
    except Invalid as error:
        sweep, problems = None, list(error.problems)
    below = [problem.below(SWEEP) for problem in problems]
    origin = loaded.source.origin
    return sweep, [attrs.evolve(it, source=origin(it.path)) for it in below]


def _inner_problems(sweep: SweepTable) -> Iterator[Problem]:
    if not sweep.parameters:
        message = 'expected at least one [[sweep.parameters]] with key = "..." and values = [...]'
        yield Problem("parameters", message)
    seen: set[str] = set()
    is_whole = True
    for index, parameter in enumerate(sweep.parameters):
        path = f"parameters[{index}]"
        for key, message in complaints_about(parameter):
            is_whole = False
            yield Problem(f"{path}.{key}", message)
        if parameter.key.strip() in seen:
            yield Problem(f"{path}.key", "expected different keys, found this one twice")
        seen.add(parameter.key.strip())
        if name_key(parameter.key.strip()) in _NOT_SWEPT:
            yield Problem(f"{path}.key", f'expected a key of a table, found "{parameter.key}"')
        try:
            parse_keys(parameter.key)
        except ConfigError as error:
            yield from (Problem(f"{path}.key", it.message) for it in error.problems)
        if sweep.search == "grid" and is_whole and not choices(parameter):
            yield Problem(f"{path}.values", "expected values or a step for a grid; found neither")
            is_whole = False
    if sweep.search == "grid" and is_whole and grid_size(sweep.parameters) > MOST_TRIALS:
        message = f"expected at most {MOST_TRIALS} combinations, found "
        yield Problem("parameters", f"{message}{grid_size(sweep.parameters)}")
    if sweep.search == "tpe" and importlib.util.find_spec("optuna") is None:
        yield Problem("search", str(MissingExtraError('"tpe"', "sweep")))


def refuse_wrong_trials(sweep: SweepTable, load: Loading, where: Callable[[str], str]) -> None:
    """Refuse a sweep with a trial that is not valid; arguments as of :func:`trial_problems`.

    Raises:
        ConfigError: all that is wrong.
    """
    problems = trial_problems(sweep, load, where)
    if problems:
        raise ConfigError(problems)


def trial_problems(sweep: SweepTable, load: Loading, where: Callable[[str], str]) -> list[Problem]:
    """What is wrong with trials: all that are listed, else each key at its ends.

    Args:
        sweep: the table.
        load: loads the experiment with overrides, if it is valid.
        where: the file that wrote a key.
    """
    problems: dict[str, Problem] = {}
    for values in _tried_trials(sweep):
        try:
            load(assignments(values))
        except ConfigError as error:
            for problem in error.problems:
                told = of_trial(problem, sweep, values, where)
                problems.setdefault(f"{told.path}: {problem.message}", told)
        if len(problems) >= MOST_PROBLEMS:
            break
    return list(problems.values())


def _tried_trials(sweep: SweepTable) -> list[Values]:
    listed = listed_trials(sweep)
    if listed is not None:
        return listed
    tried = [tried_values(it) for it in sweep.parameters]
    first = {it.key: values[0] for it, values in zip(sweep.parameters, tried, strict=True)}
    return [
        first | {parameter.key: value}
        for parameter, values in zip(sweep.parameters, tried, strict=True)
        for value in values
    ]


def assignments(values: Values) -> list[str]:
    """The values of a trial as they are written after ``--set``."""
    return [assignment(key, value) for key, value in values.items()]


def without_sweep(overrides: Iterable[str]) -> list[str]:
    """Overrides by which a file with ``[sweep]`` is one experiment."""
    return [*overrides, f'drop=["{SWEEP}"]']


def of_trial(
    problem: Problem, sweep: SweepTable, values: Values, where: Callable[[str], str]
) -> Problem:
    """A problem of a trial, told at the parameter that brings it, or with all values."""
    told = ", ".join(assignments(values))
    for index, parameter in enumerate(sweep.parameters):
        written = assignment(parameter.key, values[parameter.key])
        if problem.source in (f"--set {written}", "--set"):
            path = f"{SWEEP}.parameters[{index}]"
            message = f"{problem.path}: {problem.message}" if problem.path else problem.message
            return Problem(path, f"{message} (with {written})", where(path))
    return attrs.evolve(problem, message=f"{problem.message} (in the trial with {told})")
