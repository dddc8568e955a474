"""The engine's adversarial training against a loop written without it."""

import copy

import pytest
import torch

from srcore.engine.parts import Parts
from srcore.plugin.manager import plugins
from srcore.testing import assert_close, write_tiny_images

RAGAN = 'losses=[{type="l1",weight=1e-2},{type="adversarial",weight=5e-3,relativistic="average"}]'


def cross_entropy(logits, is_real):
    """-log sigmoid(p) or -log(1 - sigmoid(p)), averaged, written without a library."""
    signed = -logits if is_real else logits
    return torch.log1p(torch.exp(-signed.abs())).add(signed.clamp(min=0)).mean()


def adam_step(parameters, moments, number, rate, betas=(0.9, 0.99), eps=1e-8):
    """Adam as in the paper's algorithm 1, one tensor at a time."""
    for parameter, (mean, square) in zip(parameters, moments, strict=True):
        gradient = parameter.grad
        mean.copy_(betas[0] * mean + (1 - betas[0]) * gradient)
        square.copy_(betas[1] * square + (1 - betas[1]) * gradient**2)
        corrected = square / (1 - betas[1] ** number)
        parameter.data -= rate * mean / (1 - betas[0] ** number) / (corrected.sqrt() + eps)


def naive_training(generator, discriminator, batches, *, relativistic, rates, halve_after):
    """The recipe in plain PyTorch, with nothing of the engine, the losses or the optimizers."""
    average = copy.deepcopy(generator)
    networks = {"generator": generator, "discriminator": discriminator}
    moments = {
        name: [(torch.zeros_like(p), torch.zeros_like(p)) for p in network.parameters()]
        for name, network in networks.items()
    }
    for number, batch in enumerate(batches, start=1):
        lr, hr = batch["lr"], batch["hr"]
        rate = {name: value * 0.5 ** (number > halve_after) for name, value in rates.items()}
        sr = generator(lr)
        loss = 1e-2 * (sr - hr).abs().mean()
        if relativistic:
            real, fake = discriminator(hr).detach(), discriminator(sr)
            halves = (
                cross_entropy(real - fake.mean(), False),
                cross_entropy(fake - real.mean(), True),
            )
            loss = loss + 5e-3 * (halves[0] + halves[1]) / 2
        else:
            loss = loss + 0.1 * cross_entropy(discriminator(sr), True)
        generator.zero_grad()
        loss.backward()
        adam_step(list(generator.parameters()), moments["generator"], number, rate["generator"])

        discriminator.zero_grad()
        sr = sr.detach()
        if relativistic:
            fake = discriminator(sr).detach()
            real = discriminator(hr)
            (cross_entropy(real - fake.mean(), True) / 2).backward()
            fake = discriminator(sr)
            (cross_entropy(fake - real.detach().mean(), False) / 2).backward()
        else:
            cross_entropy(discriminator(hr), True).backward()
            cross_entropy(discriminator(sr), False).backward()
        adam_step(
            list(discriminator.parameters()),
            moments["discriminator"],
            number,
            rate["discriminator"],
        )
        for kept, parameter in zip(average.parameters(), generator.parameters(), strict=True):
            kept.data = 0.9 * kept.data + 0.1 * parameter.data
    return average


@pytest.mark.parametrize(
    ("settings", "size", "relativistic"),
    [
        ((), 32, False),
        ((RAGAN, "discriminator.type=vgg", "discriminator.num_features=2",
          "data.train.hr_patch_size=128"), 128, True),
    ],
    ids=["unet-plain", "vgg-relativistic"],
)  # fmt: skip
def test_engine_agrees_with_a_naive_loop(stepper, tiny_experiment, settings, size, relativistic):
    write_tiny_images(tiny_experiment.parent / "train", height=128, width=128)
    run = stepper(
        *settings,
        "schedule.generator.type=multistep",
        "schedule.generator.milestones=[2]",
        "schedule.discriminator.type=multistep",
        "schedule.discriminator.milestones=[2]",
        "train.ema_warmup=false",
    )
    parts = run.parts
    twin = Parts(
        run.experiment, torch.device("cpu"), registry=plugins().registry
    )  # the same seed: the same networks
    generator, discriminator = twin.generator_module, twin.discriminator_module
    batches = []
    for number in (1, 2, 3):
        run.iterate(number, size)
        parts.ema.update()
        batches.append(run.batch)
    average = naive_training(
        generator,
        discriminator,
        batches,
        relativistic=relativistic,
        rates={"generator": 1e-3, "discriminator": 2e-3},
        halve_after=2,
    )
    for ours, reference in (
        (parts.generator_module, generator),
        (parts.discriminator_module, discriminator),
        (parts.ema.network, average),
    ):
        wanted = reference.state_dict()
        for name, value in ours.state_dict().items():
            assert_close(value, wanted[name], rtol=1e-4, atol=2e-6)
