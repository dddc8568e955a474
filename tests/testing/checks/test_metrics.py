"""Metrics: one faulty part for every check, and what is said."""

import numpy as np
import pytest

#: Whatever counts itself is different every time.
COUNT = iter(range(1_000_000))


class Distance:
    """A metric without fault."""

    higher_is_better = False

    def __call__(self, sr, hr, *, crop_border):
        return float(np.abs(sr.astype(float) - hr).mean())


class Upside(Distance):
    higher_is_better = True


class Absent(Distance):
    def __call__(self, sr, hr, *, crop_border):
        return float("nan")


class Gambling(Distance):
    def __call__(self, sr, hr, *, crop_border):
        return super().__call__(sr, hr, crop_border=0) + next(COUNT) * 1e-6


class Endless(Distance):
    def combine(self, values):
        return float("inf")


HR = {"needs": ("hr",)}
FAULTS = [
    ("metric", Upside, {"about": HR}, "says higher_is_better = True; found lower values"),
    ("metric", Absent, {"about": HR}, "expected a number, found NaN"),
    ("metric", Gambling, {"about": HR}, "expected the same value for the same images"),
    ("metric", Endless, {"about": HR}, "expected a finite value of the set, found inf"),
]


@pytest.mark.parametrize(("kind", "target", "how", "message"), FAULTS)
def test_a_faulty_part_is_refused_in_one_line_that_names_it(kind, target, how, message, refused):
    refused(kind, target, how, message)


@pytest.mark.parametrize(
    ("kind", "target", "how"),
    [
        ("metric", Distance, {"about": HR}),
    ],
)
def test_a_part_without_fault_is_not_complained_of(kind, target, how, tried):
    assert tried(kind, target, **how) == []
