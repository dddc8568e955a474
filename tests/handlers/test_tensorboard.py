"""TensorBoard shows what metrics.jsonl holds; it is there unless it is switched off."""

import json
import time

import pytest
from ignite.engine import Events

import srcore
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using


def run(experiment, output, *overrides, plugin=None, **options):
    with using(PluginManager(discover=False, extra=[plugin] if plugin else [])):
        loaded = srcore.load_experiment(experiment, ["train.tensorboard=true", *overrides])
        run_experiment(loaded, output, **options)
    return output / "tiny/tensorboard"


def board_of(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(folder))
    board.Reload()
    return board


def recorded(folder):
    """What metrics.jsonl says, as TensorBoard calls it."""
    points = {}
    for row in map(json.loads, (folder / "metrics.jsonl").read_text().splitlines()):
        is_train = row["phase"] == "train"
        group = "train" if is_train else f"validation/{row['phase']}"
        for name, value in row["values"].items():
            points.setdefault(f"{group}/{name}", []).append((row["iteration"], value))
    return points


def shown(board):
    return {
        tag: [(it.step, it.value) for it in board.Scalars(tag)] for tag in board.Tags()["scalars"]
    }


def assert_shows_the_records(folder):
    result, expected = shown(board_of(folder / "tensorboard")), recorded(folder)
    assert result.keys() == expected.keys()
    for tag, points in expected.items():
        assert [step for step, _ in result[tag]] == [step for step, _ in points]
        values = [value for _, value in points]
        assert [value for _, value in result[tag]] == pytest.approx(values, rel=1e-6)


def test_it_shows_the_records_and_the_pictures(tiny_experiment, tmp_path):
    board = board_of(run(tiny_experiment, tmp_path, "train.images=1"))
    assert_shows_the_records(tmp_path / "tiny")
    (tag,) = board.Tags()["images"]
    assert [image.step for image in board.Images(tag)] == [3, 6]


def test_a_resumed_run_goes_on_in_it(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, "train.iterations=3")
    time.sleep(1.1)  # TensorBoard reads its files in the order of their names, which hold seconds
    run(tiny_experiment, tmp_path, resume=True)
    assert_shows_the_records(tmp_path / "tiny")


class Ending:
    """Ends the training within an iteration."""

    @srcore.hookimpl
    def srcore_engines_created(self, trainer):
        trainer.add_event_handler(Events.ITERATION_STARTED(once=5), lambda it: it.terminate())


def test_the_last_validation_of_an_early_end_is_in_it(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, plugin=Ending())
    assert_shows_the_records(tmp_path / "tiny")
    assert recorded(tmp_path / "tiny")["validation/tiny/psnr"][-1][0] == 4


@pytest.mark.parametrize(
    "setting",
    [
        "train.tensorboard=false",
        'handlers=[{type="tensorboard",enabled=false}]',
    ],
)
def test_it_can_be_switched_off(tiny_experiment, tmp_path, setting):
    assert not run(tiny_experiment, tmp_path, setting).exists()


def test_a_table_of_it_is_no_second_one(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, 'handlers=[{type="tensorboard"}]')
    assert_shows_the_records(tmp_path / "tiny")
