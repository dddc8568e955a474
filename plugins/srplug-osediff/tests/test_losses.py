"""The distillation loss against its formula; what it trains, and what it draws."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from srplug_osediff.adapters import adapted_layers
from srplug_osediff.losses import ScoreDistillationLoss, distillation_loss
from srplug_osediff.noise_schedule import LEVELS
from torch import nn

from srcore.contracts import LossContext
from srcore.errors import RandomWeightsWarning, WeightsError
from srcore.plugin.manager import plugins
from srcore.testing import assert_close
from srcore.testing.weights import write_weights
from srcore.weights.saving import GeneratorMetadata, save_safetensors
from srcore.weights.without_memory import without_memory

SMALL = {
    "unet_channels": [8, 8],
    "unet_layers": 1,
    "attention_heads": [2, 2],
    "prompt_channels": 8,
    "prompt_tokens": 5,
    "vae_channels": [4, 4],
    "vae_layers": 1,
    "norm_groups": 4,
}


@pytest.fixture
def weights(tmp_path):
    """A generator whose adapters change something."""
    torch.manual_seed(0)
    return write_weights(tmp_path / "x2.safetensors", "osediff", **SMALL), (
        tmp_path / "x2.safetensors"
    )


@pytest.fixture
def latents():
    return torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1), requires_grad=True)


def seen(latents, seed=3):
    extras = {"latents": latents, "generator": torch.Generator().manual_seed(seed)}
    return LossContext({}, latents, iteration=1, extras=extras)


def trained(loss):
    """As a training makes it, with adapters that change something."""
    loss.adapters.requires_grad_(True)
    torch.manual_seed(2)
    for layer in adapted_layers(loss.unet):
        for module in layer.lora_B.values():
            nn.init.normal_(module.weight, std=0.1)
    return loss


def test_the_gradient_is_that_of_score_distillation():
    torch.manual_seed(0)
    z, prior, ours = torch.randn(3, 2, 4, 5, 6, dtype=torch.float64)
    z.requires_grad_(True)
    loss = distillation_loss(z, prior, ours)
    loss.backward()
    expected, total = torch.zeros_like(z), 0.0
    for n in range(2):
        pairs = zip(z[n].flatten().tolist(), prior[n].flatten().tolist(), strict=True)
        distance = sum(abs(first - second) for first, second in pairs)
        expected[n] = (ours[n] - prior[n]) / (distance / z[n].numel()) / z.numel()
        total += float((expected[n] * z.numel()).square().sum()) / 2 / z.numel()
    assert_close(z.grad, expected, rtol=1e-10, atol=1e-12)
    assert loss.item() == pytest.approx(total, rel=1e-10)


def test_latents_that_the_prior_expects_have_no_gradient():
    z = torch.ones(1, 1, 2, 2, requires_grad=True)
    distillation_loss(z, z.detach(), z.detach()).backward()
    assert torch.equal(z.grad, torch.zeros_like(z))


def test_the_term_is_that_of_two_networks(weights, latents):
    network, file = weights
    loss = trained(ScoreDistillationLoss(file, guidance=3.0))
    context = seen(latents)
    value = loss(context)
    generator = torch.Generator().manual_seed(3)
    prior = network.eval()  # its adapters change nothing

    def noise_of(unet, noisy, times, prompt):
        return unet(noisy, times, prompt[None].expand(2, -1, -1)).sample

    def drawn(first, last):
        times = torch.randint(first, last + 1, (2,), generator=generator)
        noise = torch.randn(latents.shape, generator=generator)
        alpha, beta = (
            torch.tensor([LEVELS[time][k] for time in times]).view(2, 1, 1, 1) for k in (0, 1)
        )
        return times, noise, alpha, beta, alpha * latents.detach() + beta * noise

    with torch.no_grad():
        times, _, alpha, beta, noisy = drawn(20, 979)
        wanted, unwanted = (
            noise_of(prior.unet, noisy, times, it) for it in (prior.prompt, prior.negative_prompt)
        )
        guided = unwanted + 3.0 * (wanted - unwanted)
        ours = noise_of(loss.unet, noisy, times, prior.prompt)
        clean = [(noisy - beta * it) / alpha for it in (guided, ours)]
        times, noise, _, _, noisy = drawn(0, 999)
        diffusion = F.mse_loss(noise_of(loss.unet, noisy, times, prior.prompt), noise)
    assert float(diffusion) == pytest.approx(float(context.logged["regularizer"]), rel=1e-4)
    expected = distillation_loss(latents, *clean) + diffusion
    assert value.item() == pytest.approx(expected.item(), rel=1e-4)


def test_distillation_reaches_the_latents_and_diffusion_the_adapters(weights, latents):
    loss = trained(ScoreDistillationLoss(weights[1]))
    adapters = list(loss.adapters.parameters())
    context = seen(latents)
    both = torch.autograd.grad(loss(context), [latents, *adapters])
    generator = torch.Generator().manual_seed(3)
    alone = torch.autograd.grad(loss._distillation(latents, generator), latents)
    assert torch.equal(both[0], alone[0])
    of_diffusion = torch.autograd.grad(loss._diffusion(latents.detach(), generator), adapters)
    for first, second in zip(both[1:], of_diffusion, strict=True):
        assert torch.equal(first, second)
    assert {name for name, it in loss.named_parameters() if it.requires_grad} == {
        name for name, _ in loss.named_parameters() if "lora_" in name
    }


def test_the_regularizer_begins_as_the_prior_whatever_the_file_was_trained_to(weights, tmp_path):
    network, file = weights
    torch.manual_seed(4)
    for layer in adapted_layers(network):
        for module in layer.lora_B.values():
            nn.init.normal_(module.weight)
    changed = tmp_path / "trained.safetensors"
    about = GeneratorMetadata("osediff", SMALL, 2)
    save_safetensors(changed, network.state_dict(), about, plugins().registry)
    noisy, times = torch.randn(1, 4, 8, 8), torch.tensor([500])
    first, second = (ScoreDistillationLoss(it) for it in (file, changed))
    with torch.no_grad():
        assert torch.equal(*(it._noise(noisy, times, it.prompt) for it in (first, second)))


def test_equal_generators_draw_equal_terms_and_others_do_not(weights, latents):
    loss = ScoreDistillationLoss(weights[1])
    first, again, other = (loss(seen(latents, seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_blocks_that_are_computed_again_have_the_same_gradients(weights, latents):
    gradients = []
    for checkpointing in (False, True):
        loss = trained(ScoreDistillationLoss(weights[1], checkpointing=checkpointing))
        loss(seen(latents)).backward()
        gradients.append([it.grad for it in loss.adapters.parameters()])
    for first, second in zip(*gradients, strict=True):
        assert torch.equal(first, second)


def test_without_weights_the_prior_is_random_and_that_is_said():
    with without_memory(), pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr(warnings, "warn", lambda text, kind, **_: said.append((text, kind)))
        loss = ScoreDistillationLoss()
    assert sum(it.numel() for it in loss.unet.parameters()) > 865_910_724
    ((text, kind),) = said
    assert kind is RandomWeightsWarning
    assert "score_distillation has random weights" in text


def test_weights_of_another_network_are_refused(tmp_path):
    write_weights(tmp_path / "x2.safetensors", "compact", num_features=4, num_convs=1)
    with pytest.raises(WeightsError, match=r"x2\.safetensors: holds Compact.*; expected osediff"):
        ScoreDistillationLoss(tmp_path / "x2.safetensors")
