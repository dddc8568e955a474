"""Equal to the bit, or how far apart."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from srcore.profiling.differences import how_far_apart

LOSSES = [{"l1": 0.5, "adversarial": -2.0}, {"l1": 0.25}]
WEIGHTS = {"weight": np.array([3.0, 4.0], np.float32), "count": np.array([7])}


@pytest.fixture
def saved(tmp_path):
    """Writes tensors: name of a file, values by name -> the file."""

    def save(name, **tensors):
        save_file(WEIGHTS | tensors, tmp_path / name)
        return tmp_path / name

    return save


def test_equal_trainings_have_no_difference(saved):
    apart = how_far_apart(LOSSES, saved("a"), LOSSES, saved("b"))
    assert (apart.is_none, apart.losses, apart.weights) == (True, 0.0, 0.0)


def test_the_last_bit_of_a_weight_is_a_difference(saved):
    other = np.nextafter(WEIGHTS["weight"], np.float32(9))
    apart = how_far_apart(LOSSES, saved("a"), LOSSES, saved("b", weight=other))
    assert not apart.is_none
    assert 0 < apart.weights < 1e-6


def test_differences_are_shares(saved):
    losses = [{"l1": 0.5, "adversarial": -1.5}, {"l1": 0.25}]
    other = saved("b", weight=np.array([3.0, 4.5], np.float32))
    apart = how_far_apart(LOSSES, saved("a"), losses, other)
    assert (apart.is_none, apart.losses, apart.weights) == (False, 0.25, pytest.approx(0.1))


def test_a_term_that_is_missing_or_no_number_is_infinitely_far(saved):
    for value in ({}, {"l1": float("nan"), "adversarial": -2.0}):
        losses = [value, {"l1": 0.25}]
        apart = how_far_apart(LOSSES, saved("a"), losses, saved("b"))
        assert (apart.is_none, apart.losses) == (False, float("inf"))
    other = saved("b", count=np.array([8]))
    assert not how_far_apart(LOSSES, saved("a"), LOSSES, other).is_none
