"""Schedules by the length of a stage against torch's recursions and naive formulas."""

import math
import warnings

import pytest
import torch

from srcore import build
from srcore.engine.updater import build_schedule
from srcore.optimization import after_warmup
from srcore.options import Selected
from srcore.plugin.manager import plugins
from srcore.testing.specimen import options_for

N = 20


def rates(name, base=0.3, iterations=N, **keys):
    component = plugins().registry.get("schedule", name)
    schedule = build_schedule(Selected(component, options_for(component, keys)), iterations)
    return [schedule(base, iteration) for iteration in range(1, iterations + 1)]


def _reference(make, base=0.3, iterations=N):
    """What a scheduler of torch sets before every iteration."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = make(optimizer)
        values = []
        for _ in range(iterations):
            values.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return values


@pytest.mark.parametrize(
    ("name", "keys", "make"),
    [
        (
            "polynomial",
            {"power": 1.7},
            lambda it: torch.optim.lr_scheduler.PolynomialLR(it, total_iters=N, power=1.7),
        ),
        (
            "warmup_cosine",
            {"final_factor": 0.1},
            lambda it: torch.optim.lr_scheduler.CosineAnnealingLR(it, T_max=N, eta_min=0.03),
        ),
        (
            "exponential",
            {"gamma": 0.8},
            lambda it: torch.optim.lr_scheduler.ExponentialLR(it, gamma=0.8),
        ),
        (
            "step",
            {"every": 6, "gamma": 0.3},
            lambda it: torch.optim.lr_scheduler.StepLR(it, step_size=6, gamma=0.3),
        ),
    ],
)
def test_rates_are_those_of_torch(name, keys, make):
    assert rates(name, **keys) == pytest.approx(_reference(make), rel=1e-9)


def test_one_cycle_is_that_of_torch():
    """Which refuses to be asked after its last step."""
    keys = {"up_share": 0.4, "start_divisor": 10.0, "end_divisor": 50.0}

    def make(it):
        return torch.optim.lr_scheduler.OneCycleLR(
            it, max_lr=0.3, total_steps=N, pct_start=0.4, div_factor=10, final_div_factor=50
        )

    values = rates("one_cycle", **keys)
    assert values[:-1] == pytest.approx(_reference(make, iterations=N - 1), rel=1e-9)
    assert values[-1] == pytest.approx(0.3 / 10 / 50)


def test_rex_is_the_published_ratio():
    expected = [0.3 * (1 - t / N) / (1 / 2 + 1 / 2 * (1 - t / N)) for t in range(N)]
    assert rates("rex") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("shape", "falls"),
    [
        ("linear", lambda x: 1 - x),
        ("cosine", lambda x: math.cos(math.pi * x / 2) ** 2),
        ("sqrt", lambda x: 1 - x**0.5),
    ],
)
def test_wsd_stays_and_falls_then(shape, falls):
    values = rates("wsd", decay_share=0.25, shape=shape, final_factor=0.1)
    assert values[:16] == [0.3] * 16
    expected = [0.3 * (0.1 + 0.9 * falls(k / 5)) for k in range(1, 5)]
    assert values[16:] == pytest.approx(expected)


LENGTHS = ["warmup_cosine", "polynomial", "rex", "wsd", "exponential", "step"]
KEYS = {"step": {"every": 4}}


@pytest.mark.parametrize("name", LENGTHS)
def test_after_a_warm_up_the_schedule_is_that_of_what_is_left(name):
    keys = KEYS.get(name, {})
    values = rates(name, base=1.0, warmup_iterations=5, **keys)
    assert values[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert values[4:] == pytest.approx(rates(name, base=1.0, iterations=N - 4, **keys))


@pytest.mark.parametrize("name", LENGTHS)
def test_rates_never_fall_below_zero_and_scale_with_the_base(name):
    keys = KEYS.get(name, {})
    for length in (1, 2, 7):
        values = rates(name, iterations=length, warmup_iterations=3, **keys)
        assert all(value >= 0 for value in values)
        twice = rates(name, base=0.6, iterations=length, warmup_iterations=3, **keys)
        assert twice == pytest.approx([2 * value for value in values])


@pytest.mark.parametrize("name", ["exponential", "step"])
def test_those_by_the_iteration_alone_do_not_ask_for_the_length(name):
    component = plugins().registry.get("schedule", name)
    chosen = Selected(component, options_for(component, KEYS.get(name, {})))
    assert not chosen.asks_for("iterations")


def test_a_cycle_of_few_iterations_is_finite():
    for length in (1, 2, 3):
        assert all(0 < value <= 0.3 for value in rates("one_cycle", iterations=length))


def test_an_extension_beyond_the_length_stays_at_the_end():
    schedule = after_warmup.Polynomial(iterations=4, final_factor=0.5)
    assert schedule(1.0, 9) == 0.5
    assert build("schedule", "rex", iterations=4)(1.0, 9) == 0.0
