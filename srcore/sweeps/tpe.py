"""Trials chosen by what earlier ones reached: the tree-structured Parzen estimator of Optuna.

Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011. Nothing of Optuna is
kept: every choice asks a new sampler, seeded by sweep and trial, that is told of the trials before.
So a choice depends on these alone, whatever was killed in between, and no file is read that could
hold code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srcore.config.sweep_table import ParameterTable, SweepTable
from srcore.errors import MissingExtraError
from srcore.sweeps.state import SweepTrial
from srcore.trials.listing import Values
from srcore.trials.metric import SweepMetric
from srcore.trials.parameters import choices, written_number


def chosen_by_tpe(
    sweep: SweepTable, metric: SweepMetric, trials: Sequence[SweepTrial], number: int
) -> Values:
    """The values of the next trial.

    Args:
        sweep: the table.
        metric: which direction is good.
        trials: those before it; open ones are not looked at, failed ones neither.
        number: of the next one.

    Raises:
        MissingExtraError: Optuna is not installed.
    """
    optuna = _optuna()
    distributions = {it.key: _distribution(optuna, it) for it in sweep.parameters}
    # distinct for each trial; a multiplier keeps sweeps of neighboring seeds apart
    seed = (sweep.seed * 1_000_003 + number) % 2**32
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=sweep.random_trials)
    direction = "maximize" if metric.higher_is_better else "minimize"
    study = optuna.create_study(direction=direction, sampler=sampler)
    for trial in trials:
        known = _known_trial(optuna, sweep, distributions, trial)
        if known is not None:
            study.add_trial(known)
    drawn = study.ask(distributions).params
    return {it.key: _proposed_value(it, drawn[it.key]) for it in sweep.parameters}


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise MissingExtraError('sweep.search = "tpe"', "sweep") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distribution(optuna: Any, parameter: ParameterTable) -> Any:
    of = optuna.distributions
    if parameter.values:  # by number: categories of Optuna are plain values only, and true is 1
        return of.CategoricalDistribution(tuple(range(len(parameter.values))))
    if parameter.step is not None:
        return of.IntDistribution(0, len(choices(parameter)) - 1)
    return of.FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def _proposed_value(parameter: ParameterTable, drawn: Any) -> Any:
    known = choices(parameter)
    if known:
        return known[drawn]
    assert parameter.low is not None
    assert parameter.high is not None
    return written_number(min(max(float(f"{drawn:.6g}"), parameter.low), parameter.high))


def _drawn_of(parameter: ParameterTable, value: Any) -> Any:
    known = choices(parameter)
    return known.index(value) if known else float(value)


def _known_trial(
    optuna: Any, sweep: SweepTable, distributions: dict[str, Any], trial: SweepTrial
) -> Any:
    """A trial as Optuna knows it; None if it says nothing."""
    params = {it.key: _drawn_of(it, trial.values[it.key]) for it in sweep.parameters}
    states = optuna.trial.TrialState
    if trial.value is None or trial.state not in ("complete", "pruned"):
        return None
    if trial.state == "pruned":
        return optuna.trial.create_trial(
            state=states.PRUNED,
            params=params,
            distributions=distributions,
            intermediate_values={trial.iteration or 0: trial.value},
        )
    return optuna.trial.create_trial(
        state=states.COMPLETE, params=params, distributions=distributions, value=trial.value
    )
