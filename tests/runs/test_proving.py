"""A state that cannot be read back is refused when it is first written."""

from fractions import Fraction

import numpy as np
import pytest
import torch

import srcore
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment


class Noting(torch.optim.SGD):
    """Keeps something in its state that a checkpoint cannot hold."""

    def __init__(self, parameters, note):
        super().__init__(parameters, lr=1e-3)
        self.note = note

    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                self.state[parameter]["note"] = self.note
        return super().step(closure)


class Clock:
    """A transform with a state of its own kind."""

    def __call__(self, batch, generator):
        return batch

    def state_dict(self):
        return {"counts": [1, {"seen": Fraction(1, 3)}]}

    def load_state_dict(self, state):
        pass


def train(experiment, output, *overrides):
    run_experiment(srcore.load_experiment(experiment, overrides), output)


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        (Fraction(1, 2), r"fractions\.Fraction"),
        (lambda: 0, r"builtins\.function"),
        (np.float64(1), r"numpy\.float64"),
    ],
    ids=["object", "function", "numpy"],
)
def test_optimizer_is_named_with_its_plugin_and_key(
    isolated_plugins, tiny_experiment, tmp_path, note, kind
):
    registry = isolated_plugins.registry.owned_by("srplug-noting")
    registry.add("optimizer", "noting", None, lambda parameters: Noting(parameters, note))
    expected = (
        r'optimizer\.generator "noting" \(srplug-noting\): its state cannot be read back from a '
        rf"checkpoint: optimizers\.generator\.state\.0\.note is a {kind}"
    )
    with pytest.raises(SrcoreError, match=expected):
        train(tiny_experiment, tmp_path, 'optimizer.generator={type="noting"}')
    assert not list((tmp_path / "tiny").rglob("*.pt"))


def test_transform_is_named_with_its_place(isolated_plugins, tiny_experiment, tmp_path):
    isolated_plugins.registry.add("transform", "clock", None, lambda scale: Clock())
    expected = r'data\.train\.transforms\[0\] "clock" .*: transforms\.0\.counts\.1\.seen is a'
    with pytest.raises(SrcoreError, match=expected):
        train(tiny_experiment, tmp_path, 'data.train.transforms=[{type="clock"}]')
