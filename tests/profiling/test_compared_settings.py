"""Settings are compared in turns, by made-up processes and by true ones."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from srcore.config.plain_tables import as_table
from srcore.errors import SrcoreError
from srcore.profiling import compared_settings
from srcore.profiling.compared_settings import ComparedSetting, ComparedSettings, compare
from srcore.profiling.options import WARM_UP
from srcore.profiling.variants import TrainSetting
from srcore.testing.experiments import load_checked

LAST, COMPILE = TrainSetting("channels_last", True), TrainSetting("compile", True)
TABLE = {"train": {}, "data": {"train": {"type": "hr_folder", "workers": 4}}}


@pytest.fixture
def made_up(monkeypatch):
    """Processes of which a function says what they take and come to; who was asked for a step."""
    asked = []

    def use(seconds_of, weight_of=lambda table, number: 1.0):
        class Process:
            count = 0

            def __init__(self, table, plugins, steps, folder, what):
                assert table["data"]["train"]["workers"] == 0
                self.table, self.steps = table, 0
                self.number = Process.count
                Process.count += 1
                self.weights = folder.with_suffix(".safetensors")

            def __enter__(self):
                return self

            def __exit__(self, *error):
                asked.append("end")

            def step(self):
                asked.append(bool(self.table["train"]))
                self.steps += 1
                return seconds_of(self.table["train"], self.steps)

            def losses(self):
                weight = weight_of(self.table["train"], self.number)
                self.weights.parent.mkdir(exist_ok=True)
                save_file({"weight": np.array([weight])}, self.weights)
                return [{"l1": weight}] * self.steps

        monkeypatch.setattr(compared_settings, "TurnTaker", Process)
        return asked

    return use


def compared(tmp_path, *variants, steps=4):
    return compare(TABLE, None, variants, ("no GPU",), steps, tmp_path / "folder")


def test_steps_are_taken_in_turns_and_the_first_two_do_not_count(made_up, tmp_path):
    asked = made_up(lambda train, step: 100 if step <= WARM_UP else 2.0 if train else 4.0)
    told = compared(tmp_path, LAST)
    assert asked == [False, True, True, False] * 3 + ["end", "end"]
    (it,) = told.tried
    assert (it.label, it.seconds, it.plain_seconds) == ("channels_last = true", 2.0, 4.0)
    assert (it.change, it.low, it.high, it.is_equal) == (-0.5, -0.5, -0.5, True)
    assert told.remarks == ("no GPU",)
    assert told.fastest_equal == told.fastest == it


def test_a_drift_of_the_machine_is_that_of_both(made_up, tmp_path):
    made_up(lambda train, step: step * (0.9 if train else 1.0))
    (it,) = compared(tmp_path, LAST).tried
    assert it.change == it.high == pytest.approx(-0.1)


def test_one_that_is_quicker_now_and_then_is_not_quicker(made_up, tmp_path):
    made_up(lambda train, step: 1.5 if train and step % 2 else 1.0)
    told = compared(tmp_path, LAST, steps=8)
    assert told.fastest is None
    assert told.tried[0].high == 0.5


def test_one_that_changes_numbers_is_no_choice(made_up, tmp_path):
    made_up(
        lambda train, step: 0.5 if train else 1.0,
        lambda train, number: 1.25 if "compile" in train else 1.0,
    )
    told = compared(tmp_path, COMPILE, LAST)
    first = told.tried[0]
    assert (first.is_equal, first.losses, first.weights) == (False, 0.25, 0.25)
    assert told.fastest_equal == told.tried[1]


def test_where_nothing_repeats_nothing_can_be_called_the_same(made_up, tmp_path):
    made_up(lambda train, step: 0.5 if train else 1.0, lambda train, number: 1.0 + number // 2)
    told = compared(tmp_path, LAST, COMPILE)
    assert all(it.is_equal and it.is_quicker for it in told.tried)
    assert (told.repeats, told.fastest_equal) == (False, None)


def test_one_that_fails_is_told_and_the_others_are_tried(made_up, tmp_path):
    def seconds(train, step):
        if "compile" in train:
            raise SrcoreError("compile = true: no compiler")
        return 1.0

    made_up(seconds)
    told = compared(tmp_path, COMPILE, LAST)
    assert [it.failure for it in told.tried] == ["compile = true: no compiler", ""]
    assert not told.tried[0].is_quicker


def test_an_experiment_that_fails_as_it_is_ends_the_comparison(made_up, tmp_path):
    def seconds(train, step):
        raise SrcoreError("the experiment as it is: no images")

    made_up(seconds)
    with pytest.raises(SrcoreError, match="no images"):
        compared(tmp_path, LAST)


def test_the_fastest_of_those_that_are_equal_is_chosen():
    def setting(change, **facts):
        return ComparedSetting(key="k", value=True, label="k", change=change, high=change, **facts)

    equal, fast = setting(-0.1, is_equal=True), setting(-0.5)
    told = ComparedSettings(
        (setting(-0.05, is_equal=True), equal, fast, setting(0.3, is_equal=True))
    )
    assert (told.fastest_equal, told.fastest) == (equal, fast)


@pytest.mark.slow
def test_true_steps(tiny_experiment, tmp_path):
    from srcore.plugin.manager import plugins

    loaded = load_checked(tiny_experiment)
    table = as_table(loaded.experiment(loaded.stages[0]))
    again = TrainSetting("log_every", 1)  # changes nothing of a step
    half = TrainSetting("precision", "bfloat16")
    told = compare(table, plugins(), [again, half], (), 2, tmp_path / "compared")
    assert told.repeats
    assert [it.is_equal for it in told.tried] == [True, False]
    assert 0 < told.tried[1].weights < 0.1
    assert all(it.seconds > 0 and not it.failure for it in told.tried)
