"""Options that are chosen when a network is used."""

import attrs
import pytest
import torch
from torch import nn

import srcore
from srcore import option
from srcore.cli.main import main
from srcore.errors import WeightsError
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.upscaling.shipped import shipped_model
from srcore.weights.saving import GeneratorMetadata, save_safetensors


@attrs.frozen(kw_only=True)
class StepsOptions:
    """Adds a learned constant several times."""

    width: int = option(1, "what the weights decide", ge=1)
    steps: int = option(1, "times", ge=1, le=8, inference=True)


class Steps(nn.Module):
    def __init__(self, scale, width, steps):
        super().__init__()
        self.scale, self.steps = scale, steps
        self.amount = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, lr):
        sr = lr.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)
        for _ in range(self.steps):
            sr = sr + self.amount.mean()
        return sr


class Extra:
    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("network", "steps", StepsOptions, Steps)


@pytest.fixture
def file(tmp_path):
    with using(PluginManager(discover=False, extra=[Extra()])):
        path = tmp_path / "steps.safetensors"
        state = Steps(2, 3, 1).state_dict()
        save_safetensors(
            path,
            state,
            GeneratorMetadata("steps", {"width": 3, "steps": 1}, 2),
            registry=plugins().registry,
        )
        yield path


def test_an_option_of_use_is_chosen_when_weights_are_loaded(file):
    lr = torch.zeros(1, 3, 2, 2)
    for steps, value in (({}, 0.1), ({"steps": 4}, 0.4)):
        network = srcore.load_generator(file, options=steps)
        torch.testing.assert_close(network(lr).mean().detach(), torch.tensor(value))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"width": 4},
            "steps has no option width that can be chosen when it is used; it has",
        ),
        (
            {"setps": 4},
            "steps has no option setps that can be chosen when it is used; it has",
        ),
        ({"steps": 9}, "steps: expected a number >= 1 and <= 8, found 9"),
    ],
)
def test_what_the_weights_decide_cannot_be_chosen(file, options, message):
    with pytest.raises(WeightsError, match=message):
        srcore.load_generator(file, options=options)


def test_the_commands_say_so_too(tmp_path, capsys):
    srcore.testing.write_tiny_images(tmp_path / "in", 1)
    evaluating = ["evaluate", str(shipped_model(2)), "--data", str(tmp_path / "in")]
    for command in (["upscale", str(tmp_path / "in")], evaluating):
        with pytest.raises(SystemExit) as ended:
            main([*command, "--network", "steps"])
        assert ended.value.code == 2
        assert "expected table.key=value" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["upscale", str(tmp_path / "in"), "--network", "steps=4"])
    assert ended.value.code == 1
    assert "edsr has no option steps that can be chosen" in capsys.readouterr().err
