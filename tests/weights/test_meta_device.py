"""Tensors of shapes without values."""

import pytest
import torch

from srcore.weights.meta_device import on_meta


def test_initial_weights_are_not_made():
    with on_meta():
        layer = torch.nn.Linear(3, 4)
        assert torch.nn.init.trunc_normal_(layer.weight) is layer.weight
        # What other tensors decide, PyTorch does: it refuses shapes that do not fit.
        values = torch.ones(4, 3)
        assert values.add_(torch.ones(4, 1)).shape == (4, 3)
        with pytest.raises(RuntimeError, match="shape"):
            values.add_(torch.ones(2, 4, 3))
        assert torch.empty(2, device="cpu").fill_(3).tolist() == [3, 3]
