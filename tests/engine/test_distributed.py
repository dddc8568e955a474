"""Two processes on one machine, as torchrun starts them."""

import json
import os
import subprocess
import sys

import pytest
import torch

from srcore.cli.main import main
from srcore.testing import assert_close, assert_same_state


def arguments(experiment, output, *extra):
    return ["run", str(experiment), "--output", str(output), "--quiet", *extra]


def alone(experiment, output, *extra):
    with pytest.raises(SystemExit) as ended:
        main(arguments(experiment, output, *extra))
    assert ended.value.code == 0


def torchrun(experiment, output, *extra):
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        "-m", "srcore", *arguments(experiment, output, *extra),
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def last(output):
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


def validations(output):
    lines = (output / "tiny/metrics.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["phase"] != "train"]


def test_two_ranks_train_like_one_with_the_whole_batch(tiny_experiment, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    alone(tiny_experiment, one, "--set", "train.batch_size=4")
    done = torchrun(tiny_experiment, two, "--set", "train.batch_size=2")
    assert done.stdout.count("psnr") == 1, "only the main process reports"
    for name, value in last(one)["networks"]["generator"].items():
        assert_close(last(two)["networks"]["generator"][name], value, rtol=2e-3, atol=2e-4)
    for single, double in zip(validations(one), validations(two), strict=True):
        assert abs(single["values"]["psnr"] - double["values"]["psnr"]) < 0.05


def test_two_ranks_train_like_one_with_groups_and_frozen_parameters(tiny_experiment, tmp_path):
    text = tiny_experiment.read_text("utf-8").replace(
        "[generator]", "[generator]\nfrozen = [FROZEN]"
    )
    text = text.replace("FROZEN", '"conv_first.*"') + (
        '[[optimizer.generator.groups]]\nmatch = "*.bias"\nlearning_rate_factor = 0.1\n'
    )
    tiny_experiment.write_text(text, "utf-8")
    one, two = tmp_path / "one", tmp_path / "two"
    alone(tiny_experiment, one, "--set", "train.batch_size=4")
    torchrun(tiny_experiment, two, "--set", "train.batch_size=2")
    for name, value in last(one)["networks"]["generator"].items():
        trained = last(two)["networks"]["generator"][name]
        assert_close(trained, value, rtol=2e-3, atol=2e-4)
        assert torch.equal(trained, value) or not name.startswith("conv_first.")


def test_validation_gives_the_same_numbers_on_any_number_of_ranks(tiny_experiment, tmp_path):
    weights = tmp_path / "one/tiny/generator.safetensors"
    alone(tiny_experiment, tmp_path / "one")
    frozen = (
        "--set", f"generator.weights={weights}", "--set", "optimizer.generator.type=adam",
        "--set", "optimizer.generator.learning_rate=1e-30", "--set", "train.iterations=1",
    )  # fmt: skip
    alone(tiny_experiment, tmp_path / "1", *frozen)
    torchrun(tiny_experiment, tmp_path / "2", *frozen)
    assert validations(tmp_path / "1") == validations(tmp_path / "2")


@pytest.mark.slow
def test_two_ranks_resume_bit_identically_also_in_channels_last(tiny_experiment, tmp_path):
    settings = ("--set", "train.channels_last=true")
    torchrun(tiny_experiment, tmp_path / "whole", *settings)
    torchrun(tiny_experiment, tmp_path / "parts", *settings, "--set", "train.iterations=4")
    torchrun(tiny_experiment, tmp_path / "parts", *settings, "--resume")
    whole, parts = last(tmp_path / "whole"), last(tmp_path / "parts")
    for key in ("networks", "optimizers", "iteration"):
        assert_same_state(whole[key], parts[key])
