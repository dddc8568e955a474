"""How values are told in messages."""

import torch
from torch import nn

from srcore.messages import told


def test_values_are_told_by_what_they_are():
    assert told({"a": torch.zeros(2), "b": [1]}) == '{"a": Tensor (2,) of float32, "b": (1)}'
    assert told("x" * 99) == "a str"
    assert told(nn.ReLU()) == "a ReLU"
