"""One step of an optimizer: parts of a batch, clipping, rates, averages."""

import logging

import pytest
import torch
from torch import nn

from srcore.engine.loss_scale import LossScale
from srcore.engine.updater import Updater


class Halving:
    """The base rate, halved in every iteration."""

    def __call__(self, base, iteration):
        return base * 0.5**iteration


class Averaging(torch.optim.SGD):
    """Schedule-free: its eval() puts something else in place, whose way back rounds."""

    def eval(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data.mul_(3)

    def train(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data.div_(3).add_(1e-3)


def updater(kind=torch.optim.SGD, schedule=None, **options):
    network = nn.Linear(2, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    optimizer = kind(network.parameters(), lr=0.5)
    scale = LossScale(enabled=False)
    return Updater(network, optimizer, schedule, scale, **options)


def trained(made, parts=1, factor=1.0):
    made.begin(1, parts, watch_norm=True)
    for part in range(parts):
        made.is_last_piece = part == parts - 1
        made.backward(factor * made.network(torch.tensor([[1.0, 2.0]])).sum())
        made.step()
    return made.network.weight.detach()


def test_a_step_is_that_of_the_gradient():
    made = updater()
    assert torch.equal(trained(made), torch.tensor([[0.5, 0.0]]))  # 1 - 0.5 * (1, 2)
    assert made.has_stepped
    assert made.gradient_norm == pytest.approx(5**0.5)
    assert made.network.weight.grad is None


def test_parts_of_a_batch_make_one_step_of_their_mean():
    made = updater()
    assert torch.equal(trained(made, parts=4), trained(updater()))


def test_without_gradients_there_is_no_step():
    made = updater()
    made.begin(1, 1, watch_norm=False)
    made.step()
    assert not made.has_stepped
    assert torch.equal(made.network.weight.detach(), torch.ones(1, 2))


def test_gradients_are_clipped_to_their_norm_and_the_norm_before_is_told():
    made = updater(clip_norm=1.0)
    step = (torch.ones(1, 2) - trained(made, factor=10)) / 0.5
    assert step.norm() == pytest.approx(1, rel=1e-4)
    assert made.gradient_norm == pytest.approx(10 * 5**0.5)


def test_rates_follow_the_schedule_from_the_base_of_each_group(caplog):
    made = updater(schedule=Halving())
    made.optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))], "lr": 0.1})
    made = Updater(made.network, made.optimizer, Halving(), made.loss_scale)
    for iteration in (1, 2, 3, 2):
        made.begin(iteration, 1, watch_norm=False)
        rates = [group["lr"] for group in made.optimizer.param_groups]
        assert rates == [0.5 * 0.5**iteration, 0.1 * 0.5**iteration]
        assert made.learning_rate == rates[0]
    with caplog.at_level(logging.WARNING, "srcore"):
        for _ in range(2):
            made.optimizer.param_groups[0]["lr"] = 7.0
            made.begin(4, 1, watch_norm=False)
    assert len([it for it in caplog.messages if "was set to 7 beside its schedule" in it]) == 1


def test_what_is_skipped_leaves_no_gradient():
    made = updater()
    made.begin(1, 1, watch_norm=False)
    made.backward(made.network(torch.ones(1, 2)).sum())
    made.discard()
    made.step()
    assert torch.equal(made.network.weight.detach(), torch.ones(1, 2))


def test_looking_at_an_average_changes_nothing():
    made = updater(Averaging)
    assert made.averages
    with made.evaluating():
        assert torch.equal(made.network.weight.detach(), torch.full((1, 2), 3.0))
        with made.evaluating():
            assert torch.equal(made.network.weight.detach(), torch.full((1, 2), 3.0))
    assert torch.equal(made.network.weight.detach(), torch.ones(1, 2))
    assert not updater().averages
