"""Supervised training: one forward pass, the sum of all terms, one update."""

import pytest
import torch
from torch import nn

import srcore
from srcore.engine.parts import Parts
from srcore.plugin.manager import plugins
from srcore.testing import assert_close


class AverageWitness(nn.Module):
    """Needs the EMA's output; remembers the context."""

    contexts: list = []  # noqa: RUF012 - the test clears it

    def forward(self, context):
        self.contexts.append(context)
        return (context.sr - context.ema_sr).square().mean()


@pytest.fixture
def build(tiny_experiment, isolated_plugins):
    isolated_plugins.registry.add("loss", "witness", None, AverageWitness, needs=("ema_sr",))
    AverageWitness.contexts.clear()

    def make(*overrides):
        loaded = srcore.load_experiment(tiny_experiment, overrides)
        parts = Parts(
            loaded.experiment(loaded.stages[0]), torch.device("cpu"), registry=plugins().registry
        )
        method = isolated_plugins.registry.get("method", "supervised")
        return parts, method.build(method.options(), parts=parts)

    return make


def batch(count=2):
    generator = torch.Generator().manual_seed(0)
    return {
        "lr": torch.rand(count, 3, 8, 8, generator=generator),
        "hr": torch.rand(count, 3, 16, 16, generator=generator),
    }


def test_generator_runs_once_and_all_terms_are_summed(build):
    losses = 'losses=[{type="l1",weight=0.5},{type="mse",weight=2.0}]'
    parts, method = build(losses, "optimizer.generator.type=adam")
    calls = []
    parts.generator_module.register_forward_hook(lambda *_: calls.append(1))
    gradients = {}
    parts.updaters["generator"].step = lambda: gradients.update(
        {name: p.grad.clone() for name, p in parts.generator_module.named_parameters()}
    )
    parts.begin(1, watch_norm=False)
    data = batch()
    logs = method.step(data)
    assert len(calls) == 1
    difference = parts.generator_module(data["lr"]) - data["hr"]
    terms = {"l1": 0.5 * difference.abs().mean(), "mse": 2.0 * (difference**2).mean()}
    assert logs.keys() == terms.keys()
    for name, value in terms.items():
        assert_close(logs[name], value.detach())
        assert not logs[name].requires_grad
    parts.generator_module.zero_grad()
    sum(terms.values()).backward()
    for name, parameter in parts.generator_module.named_parameters():
        assert_close(gradients[name], parameter.grad)


def test_average_is_evaluated_only_if_a_loss_needs_it(build):
    calls = []
    for losses, expected in (('losses=[{type="l1"}]', 0), ('losses=[{type="witness"}]', 1)):
        parts, method = build(losses)
        parts.ema.network.register_forward_hook(lambda *_: calls.append(1))
        parts.begin(1, watch_norm=False)
        method.step(batch())
        assert len(calls) == expected
    (context,) = AverageWitness.contexts
    assert not context.ema_sr.requires_grad
    assert torch.equal(context.ema_sr, context.sr), "the average starts as a copy"


def test_sixteen_bit_output_reaches_losses_as_float32(build):
    parts, method = build('losses=[{type="witness"}]', "train.precision=bfloat16")
    parts.begin(1, watch_norm=False)
    method.step(batch())
    (context,) = AverageWitness.contexts
    assert context.sr.dtype == context.ema_sr.dtype == torch.float32
