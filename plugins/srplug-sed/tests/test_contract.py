"""The contract of a plugin, and the shipped experiments in small."""

import warnings
from typing import ClassVar

import pytest
import torch

import srcore
from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.testing import PluginContract, write_tiny_images
from srcore.testing.experiments import load_checked, load_unchecked
from srcore.testing.weights import write_weights

SLIM = {"semantics": {"weights": "random", "width": 4, "blocks": [1, 1, 1]}, "num_features": 4}


@pytest.fixture(autouse=True)
def images_where_the_tiny_experiments_look(tmp_path, monkeypatch):
    write_tiny_images(tmp_path / "examples/images/train", 4, height=72, width=80)
    write_tiny_images(tmp_path / "examples/images/validation", 1, seed=9)
    monkeypatch.chdir(tmp_path)


class TestSedPatch(PluginContract):
    plugin = "sed"
    experiment = "sed/tiny_patch"
    small: ClassVar = {("discriminator", "sed_patch"): SLIM, ("discriminator", "sed_unet"): SLIM}


class TestSedUNet(TestSedPatch):
    experiment = "sed/tiny_unet"


SMALL = (
    "discriminator.num_features=4",
    "discriminator.head_dim=8",
    "discriminator.semantics={weights='random', width=4, blocks=[1, 1, 1]}",
    "losses=[{type='l1'}, {type='adversarial', weight=0.01}]",
    "data.train={type='hr_folder', hr='examples/images/train', hr_patch_size=64, workers=0}",
    "data.validation.Set5={type='hr_folder', hr='examples/images/validation'}",
    "train={iterations=2, batch_size=2, device='cpu', tensorboard=false}",
)
GENERATORS = {
    "rrdb": ("generator.num_features=4", "generator.num_blocks=1", "generator.growth_channels=4"),
    "swinir": (
        "generator.embed_dim=8",
        "generator.depths=[2]",
        "generator.num_heads=[2]",
        "generator.num_features=4",
        "generator.img_size=16",
    ),
}


NOT_OPTIONS = ("weights", "weights_from", "partial_weights")
#: Where the published trainings start.
STARTS = {
    "rrdb": "RRDB.pth does not exist; published at KAIR, https://github.com/cszn/KAIR/",
    "swinir": "SwinIR-M_x4.pth does not exist; published at SwinIR, https://github.com/Jing",
}


@pytest.mark.parametrize("generator", STARTS)
@pytest.mark.parametrize("discriminator", ["patch", "unet"])
def test_published_experiments_start_from_published_weights(generator, discriminator):
    with pytest.raises(ConfigError) as caught:
        load_checked(f"sed/{generator}_{discriminator}_x4")
    (line,) = (str(it) for it in caught.value.problems if it.path == "generator.weights")
    assert STARTS[generator] in line


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("discriminator", ["patch", "unet"])
def test_published_experiments_run_in_small(generator, discriminator, tmp_path):
    name, small = f"sed/{generator}_{discriminator}_x4", (*SMALL, *GENERATORS[generator])
    torch.manual_seed(9)
    start = load_unchecked(name, small).stages[0].table["generator"]
    keys = {key: value for key, value in start.items() if key not in ("type", *NOT_OPTIONS)}
    network = write_weights(tmp_path / "start.safetensors", start["type"], scale=4, **keys)
    still = "optimizer.generator.learning_rate=1e-12"
    begun = f"generator.weights={tmp_path / 'start.safetensors'}"
    experiment = load_unchecked(name, (*small, still, begun))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="CLIP with random weights")
        run_experiment(experiment, tmp_path / "runs", quiet=True)
    state = torch.load(
        tmp_path / f"runs/sed_{generator}_{discriminator}_x4/checkpoints/last.pt", weights_only=True
    )
    assert state["iteration"] == 2
    for key, value in network.state_dict().items():  # it starts from the file
        torch.testing.assert_close(state["networks"]["generator"][key], value, rtol=0, atol=1e-6)
    assert not [name for name in state["networks"]["discriminator"] if "trunk" in name]


@pytest.mark.parametrize(
    ("name", "perceptual"),
    [("rrdb_patch", 0.1), ("rrdb_unet", 1.0), ("swinir_patch", 0.1), ("swinir_unet", 1.0)],
)
def test_published_numbers(name, perceptual):
    loaded = load_unchecked(f"sed/{name}_x4")
    experiment, _ = loaded.examine(loaded.stages[0])
    generator, discriminator = experiment.generator.selected, experiment.discriminator.selected
    assert generator.type == {"rrdb": "rrdbnet", "swinir": "swinir"}[name.split("_")[0]]
    assert discriminator.type == f"sed_{name.split('_')[1]}"
    defaults = srcore.components("discriminator")
    options = next(entry.options for entry in defaults if entry.name == discriminator.type)
    assert discriminator.options == options(semantics=discriminator.options.semantics)
    assert discriminator.options.semantics.batch_norm == "frozen"
    assert [(loss.label, loss.weight) for loss in experiment.losses] == [
        ("l1", 1.0),
        ("perceptual", perceptual),
        ("adversarial", 0.01),
    ]
    layers = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1.0, "conv4_4": 1.0, "conv5_4": 1.0}
    assert experiment.losses[1].selected.options.layers == layers
    for network in ("generator", "discriminator"):
        adam, steps = experiment.optimizer[network].selected, experiment.schedule[network].selected
        assert (adam.options.learning_rate, adam.options.betas) == (1e-4, (0.9, 0.99))
        assert (steps.options.milestones, steps.options.gamma) == ((100_000, 200_000), 0.5)
    train = experiment.train
    assert (train.iterations, train.batch_size, train.ema_decay) == (300_000, 8, 0.0)
    assert experiment.hr_patch_size == 256
