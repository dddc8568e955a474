"""Going on with a training of the published program."""

from collections import Counter

import pytest
import torch
from click.testing import CliRunner
from srplug_esrdgan.commands import command as esrdgan

import srcore
from srcore.cli.main import main
from srcore.errors import WeightsError
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state

EXPERIMENT = """
scale = 2
[generator]
type = "esrdgan"
num_features = 4
num_blocks = 1
growth_channels = 2
[discriminator]
type = "esrdgan"
input_size = 32
num_features = 2
[method]
type = "gan"
[[losses]]
type = "adversarial"
[data.train]
hr_patch_size = 32
[train]
iterations = 4
validate_every = 0
ema_decay = 0.0
"""


@pytest.fixture
def experiment(tiny_experiment):
    file = tiny_experiment.with_name("gan.toml")
    file.write_text('extends = "tiny.toml"\nname = "gan"\n' + EXPERIMENT)
    return file


@pytest.fixture
def published(experiment, tmp_path):
    """The three files as the published program would have left them after two iterations."""
    loaded = srcore.load_experiment(experiment, ["train.iterations=2"])
    run_experiment(loaded, tmp_path / "before", quiet=True)
    state = torch.load(tmp_path / "before/gan/checkpoints/last.pt", weights_only=True)
    folder = tmp_path / "published"
    folder.mkdir()
    names = ("generator", "discriminator")
    for letter, name in zip("GD", names, strict=True):
        torch.save(state["networks"][name], folder / f"{letter}_2.pth")
    scheduler = {"milestones": Counter([10]), "gamma": 0.5, "base_lrs": [1e-4], "last_epoch": 2}
    optimizers = [state["optimizers"][name] for name in names]
    content = {"it": 2, "epoch": 0, "optimizers": optimizers, "schedulers": [scheduler] * 2}
    torch.save(content, folder / "state_2.pth")
    return folder


def test_a_continued_training_equals_an_uninterrupted_one(experiment, published, tmp_path):
    loaded = srcore.load_experiment(experiment)
    run_experiment(loaded, tmp_path / "whole", quiet=True)
    output = tmp_path / "after"
    arguments = ["continue", str(experiment), str(published), "2", "--output", str(output)]
    done = CliRunner().invoke(esrdgan, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    run_experiment(loaded, output, resume=True, quiet=True)
    states = [
        torch.load(tmp_path / name / "gan/checkpoints/last.pt", weights_only=True)
        for name in ("whole", "after")
    ]
    for key in ("iteration", "networks", "optimizers"):
        assert_same_state(states[0][key], states[1][key])


def refused(experiment, published, tmp_path):
    from srplug_esrdgan.continuation import continue_training

    with pytest.raises(WeightsError) as caught:
        continue_training(srcore.load_experiment(experiment), published, 2, tmp_path / "after")
    return str(caught.value)


def test_other_networks_and_broken_states_are_refused(experiment, published, tmp_path):
    state = torch.load(published / "state_2.pth", weights_only=True)
    state["optimizers"].reverse()
    torch.save(state, published / "state_2.pth")
    assert "optimizer of G in the state file belongs to other networks" in refused(
        experiment, published, tmp_path / "other"
    )
    torch.save({"it": 2}, published / "state_2.pth")
    message = refused(experiment, published, tmp_path)
    assert message.endswith("expected it, epoch and the optimizers of G and D")
    (published / "state_2.pth").write_bytes(b"PK\x03\x04 cut off")
    assert "state_2.pth: damaged" in refused(experiment, published, tmp_path)
    (published / "state_2.pth").unlink()
    assert "cannot be read: No such file" in refused(experiment, published, tmp_path)


@pytest.mark.parametrize("command", ["import", "continue"])
def test_the_commands_are_part_of_the_program(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["esrdgan", command, "--help"])
    assert caught.value.code == 0
    assert "Example:" in capsys.readouterr().out
