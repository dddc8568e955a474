"""Learning rates against step-by-step recursions, and at the iterations that people get wrong."""

import math

import pytest

from formulas.schedules import multistep
from srcore import build
from srcore.errors import ConfigError
from srcore.optimization.schedules import Constant, Cosine, MultiStep


def rates(schedule, iterations, base=1.0):
    return [schedule(base, iteration) for iteration in range(1, iterations + 1)]


def test_constant_is_constant():
    assert rates(build("schedule", "constant"), 3, base=2e-4) == [2e-4] * 3


@pytest.mark.parametrize(
    "schedule",
    [
        Constant(warmup_iterations=4),
        MultiStep(milestones=[6], warmup_iterations=4),
        Cosine(periods=[10], warmup_iterations=4),
    ],
)
def test_warm_up_is_linear_and_then_the_schedule_s_own_value(schedule):
    values = rates(schedule, 8)
    assert values[:3] == [0.25, 0.5, 0.75]
    assert values[3:] == [schedule.scheduled(1.0, i) for i in range(4, 9)]


def test_milestone_acts_one_iteration_later_unless_told():
    assert rates(MultiStep(milestones=[2]), 4) == [1, 1, 0.5, 0.5]
    assert rates(MultiStep(milestones=[2], advance_before_first=True), 4) == [1, 0.5, 0.5, 0.5]


def test_milestone_listed_twice_counts_twice():
    assert rates(MultiStep(milestones=[1, 1], gamma=0.1), 2) == pytest.approx([1, 0.01])


@pytest.mark.parametrize(
    ("restarts", "weights"), [([0], [1.0]), ([0, 7], [1.0, 0.5]), ([5, 9], [0.25, 2.0])]
)
def test_multistep_equals_the_published_recursion(restarts, weights):
    settings = {"milestones": [3, 5, 6, 6, 11], "gamma": 0.5}
    settings |= {"restarts": restarts, "restart_weights": weights}
    schedule = MultiStep(**settings)
    expected = multistep({"base_lr": 1.0, "warmup_iter": -1} | settings, 15)
    assert rates(schedule, 15) == pytest.approx(expected, rel=1e-12)


def test_cosine_touches_eta_min_at_the_end_of_a_cycle_and_restarts_one_step_in():
    schedule = Cosine(periods=[4, 2], restart_weights=[1, 0.5], eta_min=0.1)

    def value(weight, position):
        return 0.1 + weight * 0.9 * (1 + math.cos(math.pi * position)) / 2

    expected = [value(1, t / 4) for t in range(5)] + [value(0.5, t / 2) for t in (1, 2)]
    assert rates(schedule, 7) == pytest.approx(expected, rel=1e-12)


def test_cosine_stays_at_eta_min_after_the_last_cycle():
    schedule = build("schedule", "cosine", periods=(3,), eta_min=1e-7)
    assert rates(schedule, 6)[3:] == pytest.approx([1e-7] * 3)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("multistep", {"restarts": (0, 5)}, "restart_weights: expected one value per entry of res"),
        ("cosine", {"periods": ()}, "periods: expected at least one cycle, found none"),
        (
            "cosine",
            {"periods": (3, 3), "restart_weights": (1.0,)},
            r"restart_weights: expected one value per entry of periods \(2\), found \[1.0\]",
        ),
        ("constant", {"warmup_iterations": -1}, "warmup_iterations: expected a number >= 0"),
    ],
)
def test_values_that_do_not_fit_are_refused(name, options, message):
    with pytest.raises(ConfigError, match=message):
        build("schedule", name, **options)
