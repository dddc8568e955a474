"""The contract of srcore, and what this plugin's parts claim."""

import pytest
import torch

from srcore import LossContext
from srcore.testing import PluginContract, assert_close
from srplug_minimal.losses import MinimalLoss


class TestContract(PluginContract):
    plugin = "minimal"
    experiment = "minimal/tiny"


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0])
def test_loss_equals_its_definition_pixel_by_pixel(exponent):
    hr, sr = torch.rand(2, 1, 3, 4, 5)
    pairs = zip(sr.ravel(), hr.ravel(), strict=True)
    expected = sum(abs(float(a) - float(b)) ** exponent for a, b in pairs)
    context = LossContext(batch={"hr": hr}, sr=sr, iteration=1)
    assert_close(MinimalLoss(exponent)(context), torch.tensor(expected / sr.numel()))
