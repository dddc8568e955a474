"""Axes hold all values, with few round ticks."""

import numpy as np
import pytest

from srcore.report.scales import iteration_axis, nice_ticks, number, value_axis


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (250_000, "250k"), (1_500_000, "1.5M"), (12.5, "12.5"), (1000, "1000"),
        (1e-6, "1e-6"), (2.5e-4, "2.5e-4"), (0.002, "0.002"), (-0.5, "-0.5"), (32.3777, "32.378"),
    ],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    "values", [[3.0], [0.0, 0.0], [-1.0, 1.0], [28.1, 32.4], [1e-9, 2e-9], [-5e6, 3e7]]
)
def test_every_value_lies_inside_the_axis(values):
    axis = value_axis(np.array(values), allow_log=True)
    shares = axis.share(np.array(values))
    assert ((shares >= 0) & (shares <= 1)).all()
    assert 1 <= len(axis.ticks) <= 7
    assert all(0 <= share <= 1 for share, _ in axis.labels)


def test_decades_are_logarithmic_where_allowed_and_positive():
    assert value_axis(np.array([1e-4, 1.0]), allow_log=True).log
    assert not value_axis(np.array([1e-4, 1.0]), allow_log=False).log
    assert not value_axis(np.array([0.0, 1.0]), allow_log=True).log
    assert not value_axis(np.array([0.5, 1.0]), allow_log=True).log
    axis = value_axis(np.array([1e-4, 1e-2]), allow_log=True)
    np.testing.assert_allclose(np.diff(axis.share(np.array([1e-4, 1e-3, 1e-2]))), 0.4714, atol=1e-3)


@pytest.mark.parametrize("decades", [1.5, 3, 6, 40])
def test_a_log_axis_has_few_ticks(decades):
    assert 2 <= len(value_axis(np.array([1.0, 10.0**decades]), allow_log=True).ticks) <= 9


def test_ticks_are_multiples_of_1_2_or_5():
    assert nice_ticks(0, 500, 5) == [0, 100, 200, 300, 400, 500]
    assert nice_ticks(0.0, 0.3, 5) == [0.0, 0.1, 0.2, 0.3]


def test_iterations_start_at_zero_unless_only_a_late_window_is_known():
    assert (iteration_axis(10, 1000).low, iteration_axis(10, 1000).high) == (0, 1000)
    assert iteration_axis(900, 1000).low == 900
    assert iteration_axis(0, 0).high == 1
