"""Semantic discriminators under the core's adversarial method, in all its ways of running."""

import os
import subprocess
import sys
import warnings

import pytest
import torch

import srcore
from srcore.engine.parts import Parts
from srcore.launching.stages import run_experiment
from srcore.networks.dialects.rrdbnet import ESRGAN_NEW
from srcore.networks.dialects.swinir import OFFICIAL
from srcore.networks.rrdbnet import RRDBNet
from srcore.networks.swinir import SwinIR
from srcore.plugin.manager import plugins
from srcore.testing import assert_close
from srcore.testing.experiments import typed

GAN = (
    "scale=4",
    "data.train.hr_patch_size=32",
    "method.type=gan",
    "discriminator.num_features=4",
    "discriminator.head_dim=8",
    "discriminator.semantics={weights='random', width=4, blocks=[1, 1, 1]}",
    "losses=[{type='l1'}, {type='adversarial', weight=0.01}]",
    "train.iterations=2",
    "data.validation={}",
)
TYPES = pytest.mark.parametrize("type", ["sed_patch", "sed_unet"])


def run(experiment, output, *overrides):
    loaded = srcore.load_experiment(experiment, (*GAN, *overrides))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*with random weights")
        run_experiment(loaded, output, quiet=True)
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


@TYPES
@pytest.mark.parametrize(
    "settings",
    [
        ("train.accumulate=2",),
        ("train.precision=bfloat16",),
        ("train.channels_last=true",),
        ("discriminator.semantics.batch_norm=batch", "train.accumulate=2"),
    ],
    ids=" ".join,
)
def test_ways_of_computing(type, settings, tiny_experiment, tmp_path):
    state = run(tiny_experiment, tmp_path, f"discriminator.type={type}", *settings)
    assert state["iteration"] == 2


@TYPES
@pytest.mark.parametrize(
    "losses",
    [
        "{type='adversarial', mode='hinge', relativistic='average'}",
        "{type='adversarial', relativistic='average', detach_means=false}",
        "{type='adversarial', mode='lsgan'}, {type='r1', weight=10.0}",
        "{type='adversarial', mode='wgan'}, {type='gradient_penalty', weight=10.0}",
    ],
)
def test_other_adversarial_losses(type, losses, tiny_experiment, tmp_path):
    attention = "math" if "r1" in losses or "penalty" in losses else "auto"
    run(
        tiny_experiment,
        tmp_path,
        f"discriminator.type={type}",
        f"discriminator.attention={attention}",
        f"losses=[{{type='l1'}}, {losses}]",
    )


def test_accumulated_discriminator_gradients_are_those_of_the_whole_batch():
    from srplug_sed.discriminators import SemanticPatchDiscriminator

    torch.manual_seed(0)
    network = SemanticPatchDiscriminator(num_features=4, semantic_dim=64, head_dim=8)
    network = network.double().eval()  # in training mode every pass would be a power iteration
    image, semantic = torch.rand(4, 3, 32, 32).double(), torch.rand(4, 64, 2, 2).double()
    parameters = list(network.parameters())
    whole = torch.autograd.grad(network(image, semantic).square().mean(), parameters)
    halves = [
        torch.autograd.grad(network(image[half], semantic[half]).square().mean() / 2, parameters)
        for half in (slice(0, 2), slice(2, 4))
    ]
    for one, first, second in zip(whole, *halves, strict=True):
        assert_close(first + second, one)


@pytest.mark.slow
def test_two_processes_train_alike(tiny_experiment, tmp_path):
    """Each has an extractor of its own; their discriminators stay equal."""
    unet = "discriminator.type=sed_unet"
    overrides = [part for text in (*GAN, unet) for part in ("--set", text)]
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        "-m", "srcore", "run", str(tiny_experiment), "--output", str(tmp_path), "--quiet",
        "--set", "train.batch_size=2", *overrides,
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    two = torch.load(tmp_path / "tiny/checkpoints/last.pt", weights_only=True)
    one = run(
        tiny_experiment, tmp_path / "one", "train.batch_size=4", "discriminator.type=sed_unet"
    )
    for network, state in one["networks"].items():
        for name, value in state.items():
            assert_close(two["networks"][network][name], value, rtol=2e-3, atol=3e-4)


def parts_of(generator, weights):
    semantics = {"weights": "random", "width": 4, "blocks": [1, 1, 1]}
    table = {
        "scale": 4,
        "generator": generator | {"weights": str(weights)},
        "discriminator": {"type": "sed_patch", "num_features": 4, "semantics": semantics},
        "method": {"type": "gan"},
        "losses": [{"type": "adversarial"}],
    }
    experiment = typed(table)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="CLIP with random weights")
        return Parts(experiment, torch.device("cpu"), registry=plugins().registry)


def test_training_starts_from_psnr_weights_of_kair(tmp_path):
    """RRDB.pth of KAIR is a bare state_dict with the names of ESRGAN's second program."""
    torch.manual_seed(7)
    network = RRDBNet(4, 8, 2, 4)
    published = ESRGAN_NEW.from_native(network.state_dict(), {"scale": 4})
    assert {"RRDB_trunk.1.RDB3.conv5.bias", "trunk_conv.weight", "HRconv.weight"} <= set(published)
    torch.save(published, tmp_path / "RRDB.pth")
    settings = {"type": "rrdbnet", "num_features": 8, "num_blocks": 2, "growth_channels": 4}
    parts = parts_of(settings, tmp_path / "RRDB.pth")
    for name, value in parts.generator_module.state_dict().items():
        assert torch.equal(value, network.state_dict()[name]), name


def test_training_starts_from_psnr_weights_of_swinir(tmp_path):
    """SwinIR's release has the state_dict under "params", buffers included."""
    torch.manual_seed(7)
    settings = {"img_size": 16, "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 2]}
    network = SwinIR(4, **settings, num_features=8)
    published = OFFICIAL.from_native(network.state_dict(), settings)
    assert any(name.endswith("relative_position_index") for name in published)
    torch.save({"params": published}, tmp_path / "swinir.pth")
    parts = parts_of({"type": "swinir", "num_features": 8} | settings, tmp_path / "swinir.pth")
    for name, value in network.state_dict().items():
        assert torch.equal(value, parts.generator_module.state_dict()[name]), name


def test_published_sizes_of_the_starting_weights():
    """RRDB.pth has 702 entries, SwinIR's file 550."""
    with torch.device("meta"):
        rrdb = RRDBNet(4)
    swinir = SwinIR(4)
    assert len(ESRGAN_NEW.from_native(rrdb.state_dict(), {"scale": 4})) == 702
    assert sum(parameter.numel() for parameter in rrdb.parameters()) == 16_697_987
    assert len(OFFICIAL.from_native(swinir.state_dict(), {"scale": 4, "img_size": 64})) == 550
    assert sum(parameter.numel() for parameter in swinir.parameters()) == 11_900_199


@TYPES
@pytest.mark.parametrize(("semantic_size", "width"), [(8, 8), (32, 4)])
def test_maps_of_other_stages_are_trained_with(
    type, semantic_size, width, tiny_experiment, tmp_path
):
    semantics = f"{{weights='random', width={width}, blocks=[1, 1, 1], last_blocks=1}}"
    state = run(
        tiny_experiment,
        tmp_path,
        f"discriminator.type={type}",
        f"discriminator.semantic_size={semantic_size}",
        f"discriminator.semantics={semantics}",
    )
    assert state["iteration"] == 2
