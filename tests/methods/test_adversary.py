"""A discriminator in its role: whose losses train it, what it is asked, what is logged."""

import attrs
import pytest
import torch
import torch.nn.functional as F

import srcore
from srcore.contracts import DISCRIMINATOR, LossContext
from srcore.engine.parts import Parts
from srcore.engine.roles import RoleNetwork
from srcore.engine.updater import Updater
from srcore.methods import Adversary
from srcore.networks.patch_discriminator import PatchDiscriminator
from srcore.plugin.manager import plugins
from srcore.testing import assert_close


@pytest.fixture
def parts(experiment):
    """Parts with a second discriminator, of a network "other" that one of the losses is for."""
    losses = "losses=[{type='adversarial'}, {type='adversarial', name='second'}, {type='r1'}]"
    loaded = srcore.load_experiment(experiment, [losses])
    stage = loaded.experiment(loaded.stages[0])
    parts = Parts(stage, torch.device("cpu"), registry=plugins().registry)
    parts.losses[1] = attrs.evolve(parts.losses[1], role="other")
    network = PatchDiscriminator(num_layers=1, num_features=4, norm="none")
    role = attrs.evolve(DISCRIMINATOR, judges="other")
    parts.roles["judge"] = RoleNetwork("judge", role, network, network)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    parts.updaters["judge"] = Updater(network, optimizer, None, parts.loss_scale)
    parts.begin(1, watch_norm=False)
    return parts


def context(parts):
    batch = {"hr": torch.rand(2, 3, 16, 16), "lr": torch.rand(2, 3, 8, 8)}
    sr = torch.rand(2, 3, 16, 16, requires_grad=True)
    return LossContext(batch=batch, sr=sr, iteration=1, logged=parts.logged)


def test_losses_for_the_network_that_is_judged_train_the_discriminator(parts):
    seen = context(parts)
    network = parts.roles["judge"].network
    before = [parameter.detach().clone() for parameter in network.parameters()]
    others = {k: v.clone() for k, v in parts.discriminator_module.state_dict().items()}
    real = F.softplus(-network(seen.hr)).mean()
    fake = F.softplus(network(seen.sr.detach())).mean()
    gradients = torch.autograd.grad(real + fake, list(network.parameters()))
    logs = Adversary(parts, "judge").train(seen)
    assert_close(logs["second_real"], real.detach())
    assert_close(logs["second_fake"], fake.detach())
    for old, new, gradient in zip(before, network.parameters(), gradients, strict=True):
        assert_close(new.detach(), old - 0.1 * gradient)
    assert seen.sr.grad is None
    for name, value in parts.discriminator_module.state_dict().items():
        assert torch.equal(value, others[name])


def test_what_is_logged_of_a_further_discriminator_has_its_name(parts):
    seen = context(parts)
    first = Adversary(parts).train(seen)
    second = Adversary(parts, "judge").train(seen)
    assert {"adversarial_real", "adversarial_fake", "d_real", "d_fake"} < set(first)
    assert any(name.startswith("r1_") for name in first)
    assert set(second) == {"second_real", "second_fake", "judge_d_real", "judge_d_fake"}


def test_steps_are_as_many_as_asked(parts):
    updates = []
    step = parts.updaters["judge"].step
    parts.updaters["judge"].step = lambda: updates.append(step())
    Adversary(parts, "judge").train(context(parts), steps=3)
    assert len(updates) == 3


def test_frozen_discriminator_hands_gradients_to_images_only(parts):
    seen = context(parts)
    network = parts.roles["judge"].network
    with Adversary(parts, "judge").frozen() as discriminate:
        torch.autograd.backward(discriminate(seen.sr).mean())
    assert seen.sr.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_plain_discriminators_have_no_condition(parts):
    assert Adversary(parts).condition(context(parts).batch) is None
