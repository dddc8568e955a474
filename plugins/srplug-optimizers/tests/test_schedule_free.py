"""Schedule-free optimizers: what is validated, averaged and exported is their averaged point."""

import json

import pytest
import torch
from safetensors.torch import load_file

from srcore.cli.main import main
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state
from srcore.testing.experiments import load_checked

#: Weight of the average in the point where gradients are taken, the defaults.
PLACE = 0.9


def run(file, output, *overrides):
    run_experiment(load_checked(file, overrides), output, resume=True, quiet=True)
    state = torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)
    return state, load_file(output / "tiny/generator.safetensors")


def saved(output, iteration):
    (path,) = (output / "tiny/checkpoints").glob(f"*{iteration}.pt")
    return torch.load(path, weights_only=True)


def averaged(state):
    """The average x of y = place x + (1 - place) z, from the y and z of a checkpoint."""
    places = state["optimizers"]["generator"]["state"]
    iterates = state["networks"]["generator"]
    return {
        name: (y - (1 - PLACE) * places[index]["z"]) / PLACE
        for index, (name, y) in enumerate(iterates.items())
    }


@pytest.mark.parametrize(
    "name", ["schedule_free_adamw", "schedule_free_radam", "schedule_free_sgd"]
)
def test_the_average_is_validated_and_exported(tiny_experiment, tmp_path, name):
    chosen = (f"optimizer.generator.type={name}", "train.ema_decay=0")
    if name == "schedule_free_radam":  # it waits while the variance is not known
        chosen += ("optimizer.generator.silent_sgd_phase=false",)
    state, exported = run(tiny_experiment, tmp_path, *chosen)
    expected = averaged(state)
    assert state["networks"]["generator"].keys() == exported.keys()
    for key, value in exported.items():
        torch.testing.assert_close(value, expected[key], rtol=1e-4, atol=1e-6)
        assert not torch.equal(value, state["networks"]["generator"][key])
    assert len(exported) > 1


def test_what_was_validated_is_what_the_exported_file_makes(tiny_experiment, tmp_path):
    chosen = ("optimizer.generator.type=schedule_free_adamw", "train.ema_decay=0")
    run(tiny_experiment, tmp_path, *chosen)
    lines = (tmp_path / "tiny/metrics.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    validated = [row for row in rows if row["phase"] == "tiny"][-1]["values"]
    file, table = tmp_path / "tiny/generator.safetensors", tmp_path / "table.json"
    given = ("--data", f"tiny={tmp_path / 'validation'}", "--device", "cpu")
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(file), *given, "--json-file", str(table)])
    assert ended.value.code == 0
    (measured,) = json.loads(table.read_text())["sets"]
    assert measured["models"][-1]["mean"] == validated


def test_the_running_average_follows_the_averaged_point(tiny_experiment, tmp_path):
    chosen = ("optimizer.generator.type=schedule_free_adamw", "train.keep_every=1")
    chosen += ("train.checkpoint_every=1", "train.ema_warmup=false")
    run(tiny_experiment, tmp_path / "plain", *chosen, "train.ema_decay=0")
    _, exported = run(tiny_experiment, tmp_path / "ema", *chosen, "train.ema_decay=0.5")
    points = [saved(tmp_path / "plain", i)["evaluated"]["generator"] for i in range(1, 7)]
    averages = [saved(tmp_path / "ema", i)["networks"]["ema"] for i in range(1, 7)]
    for key, value in exported.items():
        assert torch.equal(value, averages[-1][key])
        for before, after, point in zip(averages, averages[1:], points[1:], strict=False):
            torch.testing.assert_close(after[key], 0.5 * before[key] + 0.5 * point[key])


def test_looking_at_the_average_changes_nothing(tiny_experiment, tmp_path):
    chosen = ("optimizer.generator.type=schedule_free_adamw", "train.ema_decay=0")
    once, _ = run(tiny_experiment, tmp_path / "once", *chosen)
    often, _ = run(tiny_experiment, tmp_path / "often", *chosen, "train.validate_every=1")
    for key in ("networks", "optimizers", "evaluated"):
        assert_same_state(once[key], often[key])
