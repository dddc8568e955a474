"""What a network may do beside enlarging: draw, condition, deploy; trained, validated, exported."""

import json

import attrs
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

import srcore
from srcore import option
from srcore.converting.conversion import convert
from srcore.launching.stages import run_experiment
from srcore.methods import Supervised
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing import assert_close, assert_same_state
from srcore.testing.experiments import load_checked


@attrs.frozen(kw_only=True)
class PlainOptions:
    """Nothing but a size."""

    num_features: int = option(4, "channels", ge=1)


class Sampler(nn.Module):
    def __init__(self, scale, num_features):
        super().__init__()
        self.scale = scale
        self.layer = nn.Conv2d(4, 3, 3, padding=1)

    def draw(self, size, generator):
        return {"noise": torch.rand(1, *size, generator=generator)}

    def condition(self, batch):
        assert not torch.is_grad_enabled()
        return batch["lr"].mean((1, 2, 3), keepdim=True)

    def forward(self, lr, *, noise, condition):
        details = self.layer(torch.cat([lr - condition, noise], 1)) + condition
        return F.interpolate(details, scale_factor=self.scale)


class Branched(nn.Module):
    """Two branches that become one convolution, under the same names with the second one zero."""

    def __init__(self, scale, num_features):
        super().__init__()
        self.scale = scale
        self.main = nn.Conv2d(3, 3, 3, padding=1)
        self.side = nn.Conv2d(3, 3, 1)

    def forward(self, lr):
        return F.interpolate(self.main(lr) + self.side(lr), scale_factor=self.scale)

    def deploy(self):
        merged = Branched(self.scale, 4)
        merged.main.weight.copy_(self.main.weight + F.pad(self.side.weight, (1, 1, 1, 1)))
        merged.main.bias.copy_(self.main.bias + self.side.bias)
        for parameter in merged.side.parameters():
            parameter.zero_()
        return merged


class Pruned(Branched):
    """As :class:`Branched`; the second branch is gone when they are one."""

    def deploy(self):
        merged = Pruned(self.scale, 4)
        merged.load_state_dict(super().deploy().state_dict())
        del merged.side
        return merged

    def forward(self, lr):
        made = self.main(lr) + self.side(lr) if hasattr(self, "side") else self.main(lr)
        return F.interpolate(made, scale_factor=self.scale)


class Extra:
    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("network", "sampler", PlainOptions, Sampler)
        registry.add("network", "branched", PlainOptions, Branched)
        registry.add("network", "pruned", PlainOptions, Pruned)


@pytest.fixture(autouse=True)
def _plugged():
    with using(PluginManager(discover=False, extra=[Extra()])):
        yield


def run(file, output, name, *overrides):
    chosen = (f'generator={{type="{name}"}}', *overrides)
    run_experiment(load_checked(file, chosen), output, resume=True, quiet=True)
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


def test_a_sampling_network_trains_validates_and_resumes_to_the_bit(tiny_experiment, tmp_path):
    whole = run(tiny_experiment, tmp_path / "whole", "sampler")
    run(tiny_experiment, tmp_path / "parts", "sampler", "train.iterations=2")
    parts = run(tiny_experiment, tmp_path / "parts", "sampler")
    for key in ("networks", "results"):
        assert_same_state(whole[key], parts[key])


def test_a_network_with_branches_is_validated_and_exported_merged(tiny_experiment, tmp_path):
    state = run(tiny_experiment, tmp_path, "branched")
    exported = load_file(tmp_path / "tiny/generator.safetensors")
    assert not exported["side.weight"].any()
    trained = Branched(2, 4)
    trained.load_state_dict(state["networks"]["ema"])
    assert trained.side.weight.any(), "the checkpoint keeps the branches"
    used = srcore.load_generator(tmp_path / "tiny/generator.safetensors")
    lr = torch.rand(1, 3, 9, 7)
    with torch.no_grad():
        assert_close(used(lr), trained(lr), rtol=0, atol=1e-5)


def test_the_best_of_a_resumed_run_is_exported_merged_too(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, "branched", "train.iterations=4")
    best = tmp_path / "tiny/generator_best.safetensors"
    before = load_file(best)
    best.unlink()
    run(tiny_experiment, tmp_path, "branched", "train.iterations=5", "train.validate_every=0")
    assert not load_file(best)["side.weight"].any()
    assert before.keys() == load_file(best).keys()


def test_an_export_without_the_branches_is_used_and_converted(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, "pruned")
    file = tmp_path / "tiny/generator.safetensors"
    assert not any(name.startswith("side") for name in load_file(file))
    network, image = srcore.load_generator(file), torch.rand(1, 3, 5, 7)
    assert not hasattr(network, "side")
    again = str(tmp_path / "again.safetensors")
    convert(file, again, "safetensors", registry=plugins().registry)
    with torch.no_grad():
        expected = network(image)
        assert_close(srcore.load_generator(again)(image), expected)


class Shifted(Sampler):
    """Adds what a method says, in training only."""

    def forward(self, lr, *, noise, condition, shift=0.0):
        return super().forward(lr, noise=noise, condition=condition) + shift


class ShiftingMethod(Supervised):
    def generate(self, batch):
        return self.parts.context(batch, self.parts.upscale(batch, shift=7.0))


class AverageLoss(nn.Module):
    """Zero where the average computes what the network does."""

    def forward(self, context):
        return (context.sr - context.ema_sr).abs().max() + (context.sr.mean() < 5)


def test_what_a_method_says_beside_the_image_is_given_to_the_average_too(tiny_experiment, tmp_path):
    class More:
        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add("network", "shifted", PlainOptions, Shifted)
            registry.add("method", "shifting", None, ShiftingMethod, provides=("ema_sr",))
            registry.add("loss", "average", None, AverageLoss, needs=("ema_sr",))

    with using(PluginManager(discover=False, extra=[More()])):
        chosen = ('method={type="shifting"}', 'losses=[{type="average"}]', "train.iterations=1")
        run(tiny_experiment, tmp_path, "shifted", *chosen)
    rows = map(json.loads, (tmp_path / "tiny/metrics.jsonl").read_text().splitlines())
    (first,) = [row["values"]["average"] for row in rows if row["phase"] == "train"]
    assert first == 0
