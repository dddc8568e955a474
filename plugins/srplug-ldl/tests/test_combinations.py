"""LDL with every discriminator and generator of the core, and under every way of training."""

import os
import subprocess
import sys
import warnings

import pytest
import torch

from srcore.errors import ConfigError
from srcore.plugin.manager import plugins
from srcore.testing import assert_close

DISCRIMINATORS = {
    "patch": {"num_layers": 1, "num_features": 4},
    "unet": {"num_features": 4},
    "vgg": {"num_features": 2, "input_size": 128},
}
GENERATORS = {
    "rrdbnet": {"num_features": 4, "num_blocks": 1, "growth_channels": 4},
    "msrresnet": {"num_features": 4, "num_blocks": 1},
    "edsr": {"num_features": 4, "num_blocks": 1},
    "compact": {"num_features": 4, "num_convs": 1},
    "swinir": {"embed_dim": 12, "depths": [2, 2], "num_heads": [2, 2], "num_features": 8},
}
ESRDGAN = ("discriminator", "esrdgan")
# Parts of this project's other plugins; those that are installed here are tried.
OTHERS = {
    ("discriminator", "sed_patch"): {
        "semantics": '{weights = "random", width = 4, blocks = [1, 1, 1]}',
        "num_features": 8,
        "head_dim": 8,
    },
    ("discriminator", "sed_unet"): {
        "semantics": '{weights = "random", width = 4, blocks = [1, 1, 1]}',
        "num_features": 8,
        "head_dim": 8,
    },
    ("network", "dlsn"): {"num_features": 8, "num_groups": 1, "num_blocks": 1, "chunk_size": 16},
    ("network", "esrdgan"): {"num_features": 4, "num_blocks": 1, "growth_channels": 4},
    ("discriminator", "esrdgan"): {
        "num_features": 4,
        "input_size": 32,
        "inputs": '[{type = "instance_noise"}]',
    },
}


def table(kind, options):
    """Overrides that put another component in place of the small experiment's."""
    pairs = ", ".join(f"{key} = {value}" for key, value in options.items())
    return f"{kind}={{{pairs}}}"


def assert_trained(rows):
    # Later the generator may be better than its average everywhere.
    assert next(values["ldl"] for values in rows if "ldl" in values) > 0
    assert all(abs(value) < 1e6 for values in rows for value in values.values())


def test_the_tables_name_all_components_of_the_core():
    registry = plugins().registry
    for kind, known in (("discriminator", DISCRIMINATORS), ("network", GENERATORS)):
        owned = {entry.name for entry in registry.components(kind) if entry.owner == "srcore"}
        assert owned == known.keys()


@pytest.mark.parametrize("name", DISCRIMINATORS)
@pytest.mark.parametrize("relativistic", ["none", "average"])
def test_trains_with_every_discriminator(train, name, relativistic):
    options = {"type": f'"{name}"', **DISCRIMINATORS[name]}
    size = DISCRIMINATORS[name].get("input_size", 32)
    losses = (
        'losses=[{type="l1"},{type="ldl"},'
        f'{{type="adversarial",weight=0.1,relativistic="{relativistic}"}}]'
    )
    chosen = table("discriminator", options)
    assert_trained(train(chosen, losses, f"data.train.hr_patch_size={size}"))


@pytest.mark.parametrize("name", GENERATORS)
def test_trains_with_every_generator(train, name):
    assert_trained(train(table("generator", {"type": f'"{name}"', **GENERATORS[name]})))


def installed(part):
    return part in {(entry.kind, entry.name) for entry in plugins().registry.components()}


@pytest.mark.parametrize(("kind", "name"), [part for part in OTHERS if installed(part)])
def test_trains_with_the_parts_of_other_plugins(train, kind, name):
    options = {"type": f'"{name}"', **OTHERS[kind, name]}
    extra = ['method.labels={type="esrdgan"}'] if (kind, name) == ESRDGAN else []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*random")
        chosen = table("generator" if kind == "network" else kind, options)
        assert_trained(train(chosen, *extra))


@pytest.mark.parametrize(
    "settings",
    [
        ("train.precision=bfloat16",),
        ("train.accumulate=2",),
        ("train.channels_last=true",),
        ("train.deterministic=true",),
        ("method.generator_every=2",),
        (
            'losses=[{type="l1"},{type="ldl",detach_map=true,window_size=5,exponent=0.5},'
            '{type="adversarial"}]',
        ),
    ],
)
def test_trains_in_every_way(train, settings):
    assert_trained(train(*settings))


def test_accumulated_parts_have_the_loss_of_the_whole_batch(train):
    whole, parts = (
        train(f"train.accumulate={count}", "train.iterations=1", output=str(count))[0]
        for count in (1, 2)
    )
    assert abs(whole["ldl"] - parts["ldl"]) <= 1e-5 * whole["ldl"]


@pytest.mark.slow
def test_two_ranks_train_like_one_with_the_whole_batch(train, small_experiment, tmp_path):
    # Batch normalization sees the batch of one process only.
    plain = 'discriminator={type="patch",num_layers=1,num_features=4,norm="none"}'
    train(plain, output="one")
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        "-m", "srcore", "run", str(small_experiment), "--output", str(tmp_path / "two"),
        "--quiet", "--set", "train.batch_size=1", "--set", plain,
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (
        torch.load(tmp_path / name / "small/checkpoints/last.pt", weights_only=True)["networks"]
        for name in ("one", "two")
    )
    for network in ("generator", "ema", "discriminator"):
        for name, value in one[network].items():
            assert_close(two[network][name], value, rtol=2e-3, atol=3e-4)
    assert len(list((tmp_path / "two/small/images").rglob("*_artifacts.png"))) == 1


def test_without_ema_the_check_says_what_to_set(train):
    message = r'train\.ema_decay: "ldl" needs the EMA generator; expected a decay such as 0\.999'
    with pytest.raises(ConfigError, match=message):
        train("train.ema_decay=0.0")


def test_windows_larger_than_the_patches_are_found_by_the_check(train):
    losses = 'losses=[{type="ldl",window_size=33},{type="adversarial"}]'
    message = r"losses\[0\]\.window_size: windows of 33: expected .* to be above 16, found 16"
    with pytest.raises(ConfigError, match=message):
        train(losses, "data.train.hr_patch_size=16")
    with pytest.raises(ConfigError, match=r"window_size: expected an odd size, found 6"):
        train('losses=[{type="ldl",window_size=6},{type="adversarial"}]')
