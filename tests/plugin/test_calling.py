"""Calls of components: whose mistake it is, and what is taken for a result."""

import numpy as np
import pytest
import torch
from torch import nn

import srcore
from srcore.errors import PluginError
from srcore.plugin.calling import _MADE, call, checked_result, who


def test_a_mistake_inside_a_component_keeps_its_traceback():
    def loss(context):
        return len(3)

    with pytest.raises(TypeError, match="has no len"):
        call("loss", loss, None)

    class Broken:
        def sample(self, index, generator):
            return index.color

    with pytest.raises(AttributeError, match="color"):
        call("dataset", Broken(), 0, None, method="sample")


def test_a_part_that_nobody_registered_is_named_by_its_class():
    assert who("loss", nn.L1Loss()) == "loss torch.nn.modules.loss.L1Loss"


def test_parts_are_forgotten_with_their_objects():
    made = srcore.build("labels", "constant")
    key = id(made)
    assert who("labels", made).endswith(': labels "constant"')
    del made
    assert key not in _MADE


def test_values_of_one_element_and_plain_numbers_are_taken():
    one = torch.ones(1)
    assert checked_result("loss", None, one) is one
    assert checked_result("metric", None, np.float32(3)) == 3
    assert checked_result("schedule", None, 1) == 1
    with pytest.raises(PluginError, match="returned nan; expected a number, the learning rate"):
        checked_result("schedule", None, float("nan"))
