"""What is made of a checkpoint is of that checkpoint, wherever the run was killed."""

import json
import shutil

import attrs
import pytest
import torch
from safetensors.torch import load

import srcore
from srcore.launching.stages import run_experiment
from srcore.runs.ending import read_ending, write_ending
from srcore.runs.exports import exported, hash_of
from srcore.testing import assert_same_state

FOUR = ("train.iterations=4", "train.keep_every=2")


def run(experiment, output, *overrides, **options):
    run_experiment(srcore.load_experiment(experiment, overrides), output, quiet=True, **options)
    return output / "tiny"


def states(folder):
    checkpoints = folder.glob("checkpoints/*.pt")
    return {path.name: torch.load(path, weights_only=True) for path in checkpoints} | {
        path.name: load(path.read_bytes()) for path in folder.glob("*.safetensors")
    }


def test_an_export_names_its_iteration_and_state(tiny_experiment, tmp_path):
    folder = run(tiny_experiment, tmp_path)
    export = exported(folder / "generator.safetensors")
    state = torch.load(folder / "checkpoints/last.pt", weights_only=True)
    assert export.iteration == 6
    assert export.state == hash_of(state["networks"]["ema"])


def test_a_hash_knows_name_type_shape_and_value():
    one = {"a": torch.ones(2, 3)}
    others = (
        {"b": torch.ones(2, 3)},
        {"a": torch.ones(3, 2)},
        {"a": torch.zeros(2, 3)},
        {"a": torch.ones(2, 3, dtype=torch.int32)},
        {"a": torch.ones(2, 3), "b": torch.tensor(1)},
    )
    assert len({hash_of(state) for state in (one, *others)}) == 6
    assert hash_of(one) == hash_of({"a": torch.ones(3, 2).T})
    assert hash_of({"a": torch.ones(2, dtype=torch.bfloat16)}) != hash_of({"a": torch.ones(2)})


@pytest.mark.parametrize("is_finished", [True, False])
@pytest.mark.parametrize("name", ["generator.safetensors", "generator_best.safetensors"])
def test_an_export_of_an_older_checkpoint_is_written_anew(
    tiny_experiment, tmp_path, name, is_finished
):
    whole = run(tiny_experiment, tmp_path / "whole")
    short = run(tiny_experiment, tmp_path / "short", "train.iterations=3")
    expected = states(whole)
    shutil.copy(short / name, whole / name)
    if not is_finished or name.endswith("best.safetensors"):
        (whole / "finished.json").unlink()
    run(tiny_experiment, tmp_path / "whole", resume=True)
    assert_same_state(states(whole), expected)


@pytest.mark.parametrize("name", ["checkpoints/best.pt", "checkpoints/iteration_00000006.pt"])
def test_a_checkpoint_that_was_not_written_any_more_is_made_of_the_last(
    tiny_experiment, tmp_path, name
):
    folder = run(tiny_experiment, tmp_path, "train.keep_every=3")
    expected = states(folder)
    assert expected["best.pt"]["iteration"] == 6
    for lost in (folder / name, folder / "finished.json"):
        lost.unlink()
    run(tiny_experiment, tmp_path, "train.keep_every=3", resume=True)
    assert_same_state(states(folder), expected)


def test_a_kept_copy_does_not_change_any_more(tiny_experiment, tmp_path):
    folder = run(tiny_experiment, tmp_path, "train.keep_every=2", "train.checkpoint_every=6")
    iterations = {
        path.name: torch.load(path, weights_only=True)["iteration"]
        for path in folder.glob("checkpoints/iteration_*.pt")
    }
    assert iterations == {f"iteration_{n:08d}.pt": n for n in (2, 4, 6)}


def test_the_best_checkpoint_is_written_after_the_last_one_that_knows_it(tiny_experiment, tmp_path):
    """A run that was killed between the two writes the best one when it goes on."""
    settings = ("train.checkpoint_every=5", "train.iterations=5")
    folder = run(tiny_experiment, tmp_path, *settings)
    best = torch.load(folder / "checkpoints/best.pt", weights_only=True)
    assert best["best"]["iteration"] == best["iteration"] == 5
    for name in ("checkpoints/best.pt", "generator_best.safetensors", "finished.json"):
        (folder / name).unlink()
    run(tiny_experiment, tmp_path, *settings, resume=True)
    assert_same_state(torch.load(folder / "checkpoints/best.pt", weights_only=True), best)
    assert (folder / "generator_best.safetensors").is_file()


def test_pictures_and_records_of_a_lost_future_go(tiny_experiment, tmp_path):
    whole = run(tiny_experiment, tmp_path / "whole", *FOUR)
    folder = run(tiny_experiment, tmp_path / "other", "train.iterations=3")
    (folder / "images/iteration_00000009").mkdir()
    (folder / "images/iteration_00000009/tiny_00.png").write_bytes(b"")
    run(tiny_experiment, tmp_path / "other", *FOUR, resume=True)
    pictures = {path.name for path in (folder / "images").iterdir()}
    assert pictures == {path.name for path in (whole / "images").iterdir()}


def test_a_run_killed_before_its_report_gets_one(tiny_experiment, tmp_path):
    folder = run(tiny_experiment, tmp_path)
    (folder / "report.html").unlink()
    ending = read_ending(folder)
    assert ending.hooks_called
    write_ending(folder, attrs.evolve(ending, hooks_called=False))
    run(tiny_experiment, tmp_path, resume=True)
    assert (folder / "report.html").is_file()
    assert read_ending(folder) == ending


def test_the_first_validation_is_recorded_once_however_often_it_is_repeated(
    tiny_experiment, tmp_path
):
    at_start = ("train.validate_at_start=true", "train.checkpoint_every=100")
    folder = run(tiny_experiment, tmp_path, *at_start)
    expected = (folder / "metrics.jsonl").read_text()
    for lost in (folder / "finished.json", folder / "checkpoints/last.pt"):
        lost.unlink()
    for lost in folder.glob("checkpoints/*.pt"):
        lost.unlink()
    run(tiny_experiment, tmp_path, *at_start, resume=True)
    assert (folder / "metrics.jsonl").read_text() == expected
    rows = [json.loads(line) for line in expected.splitlines()]
    assert [row["iteration"] for row in rows if row["phase"] == "tiny"] == [0, 3, 6]
