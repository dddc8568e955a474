"""Adversarial runs that were interrupted, or spread over processes, equal those that were not."""

import os
import subprocess
import sys

import pytest
import torch

import srcore
from srcore.launching.stages import run_experiment
from srcore.testing import assert_close, assert_same_state, write_tiny_images

DEGRADED = """
[data.train]
downscale = "none"

[[data.train.transforms]]
type = "second_order_degradation"
hr_crop = 32

[[data.train.transforms]]
type = "pair_pool"
size = 4
"""
WITH_PERCEPTUAL = (
    'losses=[{type="l1",weight=1e-2},{type="perceptual",weights="random",layers={conv2_2=1.0}},'
    '{type="adversarial",weight=0.1,relativistic="average"}]'
)


@pytest.mark.filterwarnings("ignore:VGG19 with random weights")
@pytest.mark.parametrize(
    ("discriminator", "precision"),
    # bfloat16 on the small images only: processors without its instructions take minutes otherwise
    [("unet", "float32"), ("unet", "bfloat16"), ("vgg", "float32")],
)
def test_resumed_run_is_bit_identical(experiment, tmp_path, discriminator, precision):
    size = 128 if discriminator == "vgg" else 32
    side = max(64, size)
    write_tiny_images(experiment.parent / "train", height=side, width=side)
    experiment.write_text(experiment.read_text() + DEGRADED.replace("= 32", f"= {size}"))
    settings = (
        f"discriminator.type={discriminator}",
        "discriminator.num_features=4",
        f"train.precision={precision}",
        f"data.train.hr_patch_size={side}",
        WITH_PERCEPTUAL,
        "train.validate_every=1",
        "train.keep_every=0",
    )

    def train(name, iterations, **options):
        loaded = srcore.load_experiment(experiment, (*settings, f"train.iterations={iterations}"))
        run_experiment(loaded, tmp_path / name, quiet=True, **options)
        folder = tmp_path / name / "tiny"
        return last(tmp_path / name), (folder / "metrics.jsonl").read_text()

    whole, logs = train("whole", 6)
    train("parts", 1)
    _, before = train("parts", 3, resume=True)
    parts, logs_of_parts = train("parts", 6, resume=True)
    assert whole["transforms"][1]["filled"] == 4, "the pool is in use"
    assert_same_state(whole, parts)
    assert logs == logs_of_parts
    assert logs.startswith(before)


def torchrun(experiment, output, *overrides):
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        "-m", "srcore", "run", str(experiment), "--output", str(output), "--quiet", "--resume",
    ]  # fmt: skip
    for override in overrides:
        command += ["--set", override]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return last(output)


def last(output):
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


SMOOTH = (
    "discriminator.type=patch",
    "discriminator.num_features=4",
    "discriminator.norm=none",
    "discriminator.num_layers=1",
)


@pytest.mark.slow
def test_two_ranks_train_both_networks_like_one_with_the_whole_batch(experiment, tmp_path):
    alone = srcore.load_experiment(experiment, (*SMOOTH, "train.batch_size=4"))
    run_experiment(alone, tmp_path / "one", quiet=True)
    one = last(tmp_path / "one")
    two = torchrun(experiment, tmp_path / "two", *SMOOTH, "train.batch_size=2")
    for network in ("generator", "discriminator"):
        for name, value in one["networks"][network].items():
            assert_close(two["networks"][network][name], value, rtol=2e-3, atol=2e-4)


@pytest.mark.slow
def test_two_ranks_resume_bit_identically(experiment, tmp_path):
    write_tiny_images(experiment.parent / "train", height=64, width=64)
    experiment.write_text(experiment.read_text() + DEGRADED)
    crop = "data.train.hr_patch_size=64"
    whole = torchrun(experiment, tmp_path / "whole", crop)
    torchrun(experiment, tmp_path / "parts", crop, "train.iterations=2")
    parts = torchrun(experiment, tmp_path / "parts", crop)
    for key in ("networks", "optimizers", "iteration"):
        assert_same_state(whole[key], parts[key])


@pytest.mark.slow
@pytest.mark.parametrize("detach", ["true", "false"])
def test_two_ranks_work_with_statistics_in_the_discriminator(experiment, tmp_path, detach):
    write_tiny_images(experiment.parent / "train", height=128, width=128)
    state = torchrun(
        experiment,
        tmp_path,
        "discriminator.type=vgg",
        "discriminator.num_features=2",
        "data.train.hr_patch_size=128",
        "train.iterations=2",
        f'losses=[{{type="adversarial",relativistic="average",detach_means={detach}}}]',
    )
    assert all(value.isfinite().all() for value in state["networks"]["discriminator"].values())
