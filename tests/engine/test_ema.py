"""The averaged network: its formula, its buffers, and that no training is too short for it."""

import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import srcore
from srcore.engine.ema import AGE, ExponentialAverage
from srcore.launching.stages import run_experiment
from srcore.testing import assert_close
from srcore.testing.tiny_images import write_tiny_images


def moved(network, number):
    """The network after some training: other parameters, other statistics."""
    generator = torch.Generator().manual_seed(number)
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator))
            else:
                tensor.add_(1)
    return network


def test_growing_decay_weighs_the_past_by_its_age():
    network = moved(nn.Conv2d(1, 2, 3), 0)
    average = ExponentialAverage(network, 0.97, warmup=True)
    expected = network.weight.detach().clone()
    for number in range(1, 700):
        moved(network, number)
        average.update()
        kept = min(0.97, number / (number + AGE))
        expected = kept * expected + (1 - kept) * network.weight.detach()
    assert kept == 0.97, "the decay has grown into its value"
    assert_close(average.network.weight, expected, rtol=1e-5, atol=1e-6)


def test_constant_decay_keeps_the_start_as_published():
    network = moved(nn.Linear(3, 3), 0)
    start = network.weight.detach().clone()
    average = ExponentialAverage(network, 0.9)
    nn.init.zeros_(network.weight)
    for _ in range(5):
        average.update()
    assert_close(average.network.weight, 0.9**5 * start, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("warmup", [False, True])
def test_buffers_are_copied_at_every_update(warmup):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    average = ExponentialAverage(network, 0.999, warmup=warmup, copy_buffers=True)
    for number in (1, 2):
        moved(network, number)
        average.update()
        wanted = dict(network.named_buffers())
        assert wanted.keys() == {"1.running_mean", "1.running_var", "1.num_batches_tracked"}
        for name, buffer in average.network.named_buffers():
            assert torch.equal(buffer, wanted[name]), name


# What the exported network may lack against the plain weights, in dB, by length of the training.
ALLOWED = {50: 2.0, 200: 0.5, 500: 0.5, 1000: 0.5}
NETWORKS = {
    "edsr": ("generator.num_features=16", "generator.num_blocks=2"),
    "msrresnet": ("generator.num_features=16", "generator.num_blocks=2"),
    "rrdbnet": (
        "generator.num_features=8",
        "generator.num_blocks=1",
        "generator.growth_channels=4",
    ),
    "batchnorm": (),
}
#: Twenty trainings: network, learning rate, iterations, further settings.
MATRIX = [
    *(("edsr", rate, length, ()) for rate in (1e-4, 1e-3) for length in (50, 200, 1000)),
    *(("msrresnet", rate, length, ()) for rate in (2e-4, 2e-3) for length in (50, 200, 500)),
    *(("rrdbnet", rate, length, ()) for rate, length in ((2e-4, 200), (1e-3, 500))),
    *(("batchnorm", rate, length, ()) for rate in (1e-4, 2e-3) for length in (50, 200)),
    ("edsr", 1e-3, 500, ("schedule.generator.type=cosine", "schedule.generator.periods=[500]")),
    ("batchnorm", 1e-3, 1000, ("train.ema_decay=0.99",)),
]


class Normalized(nn.Module):
    """A small network with batch normalization, as SRResNet has it."""

    def __init__(self, scale, channels=8):
        super().__init__()
        self.scale = scale
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.PReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
        )
        self.tail = nn.Sequential(
            nn.Conv2d(channels, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    def forward(self, lr):
        features = self.head(lr)
        upscaled = F.interpolate(lr, scale_factor=self.scale)
        return self.tail(features + self.body(features)) + upscaled


def behind(experiment, output, network, rate, iterations, settings):
    """Train; how many dB the exported network is behind the plain weights on validation images."""
    overrides = (
        f"generator.type={network}", *NETWORKS[network], "optimizer.generator.type=adam",
        f"optimizer.generator.learning_rate={rate}", f"train.iterations={iterations}",
        "train.validate_every=0", "train.images=0", f"train.log_every={iterations}",
        "data.train.cache=memory", "train.checkpoint_every=10000", "train.ema_decay=0.999",
        *settings,
    )  # fmt: skip
    loaded = srcore.load_experiment(experiment, overrides)
    run_experiment(loaded, output, overwrite=True, quiet=True)
    typed = loaded.experiment(loaded.stages[0])
    state = torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)["networks"]
    images = typed.data.validation["tiny"].selected.build(scale=2)
    measured = typed.generator.selected.build(scale=2).eval()
    values = {}
    for which in ("generator", "ema"):
        measured.load_state_dict(state[which])
        values[which] = mean_psnr(measured, images)
    return values["generator"] - values["ema"], values["ema"]


@torch.no_grad()
def mean_psnr(network, images):
    values = []
    for index in range(len(images)):
        sample = images.sample(index, None)
        lr, hr = (torch.from_numpy(sample[name]).permute(2, 0, 1) / 255 for name in ("lr", "hr"))
        error = (network(lr[None])[0].clamp(0, 1) - hr).square().mean()
        values.append(-10 * torch.log10(error).item())
    return sum(values) / len(values)


def measure(matrix, experiment, output, plugins):
    plugins.registry.add("network", "batchnorm", None, lambda scale: Normalized(scale))
    write_tiny_images(experiment.parent / "train", 6, height=96, width=96)
    values = {}
    for network, rate, length, settings in matrix:
        lack, reached = behind(experiment, output, network, rate, length, settings)
        case = " ".join((network, f"{rate:g}", str(length), *settings))
        values[case] = {"behind_db": round(lack, 3), "reached_db": round(reached, 2)}
        assert lack <= ALLOWED[length], f"{case}: {lack:.2f} dB behind the plain weights"
    return values


@pytest.mark.slow
def test_exported_network_is_as_good_as_the_plain_weights(
    tiny_experiment, tmp_path, isolated_plugins
):
    quick = [entry for entry in MATRIX if entry[2] <= 200]
    sample = random.Random(0).sample(quick, 4)
    measure(sample, tiny_experiment, tmp_path / "out", isolated_plugins)


@pytest.mark.stress
def test_exported_network_is_as_good_as_the_plain_weights_in_all_trainings(
    tiny_experiment, tmp_path, isolated_plugins, stress_result
):
    measured = measure(MATRIX, tiny_experiment, tmp_path / "out", isolated_plugins)
    assert len(measured) == 20
    worst = max(entry["behind_db"] for entry in measured.values())
    stress_result("ema", trainings=measured, worst_db=worst)
