"""The setting is written into the user's file, and nothing else of it changes."""

import pytest

from srcore.errors import DataError
from srcore.profiling.setting_writer import UnwritableError, refuse_fixed_settings, write_settings
from srcore.profiling.variants import TrainSetting
from srcore.testing.experiments import load_checked, load_unchecked

LAST = TrainSetting("channels_last", True)
STAGES = """
[[stages]]
name = "one"
[[stages]]
name = "two"
from = "one"
[stages.train]
iterations = 3
"""


def test_a_key_is_added_and_the_file_is_still_an_experiment(tiny_experiment):
    text = tiny_experiment.read_text("utf-8").replace("[train]", "# mine\n[train]")
    tiny_experiment.write_text(text, "utf-8")
    tiny_experiment.chmod(0o640)
    loaded = load_checked(tiny_experiment)
    refuse_fixed_settings(loaded, ["train.iterations=3"])
    write_settings(loaded, {"": LAST})
    assert tiny_experiment.read_text("utf-8") == text.rstrip("\n") + "\nchannels_last = true\n"
    assert tiny_experiment.stat().st_mode & 0o777 == 0o640
    again = load_checked(tiny_experiment)
    assert again.experiment(again.stages[0]).train.channels_last


def test_stages_have_their_own(tiny_experiment):
    tiny_experiment.write_text(tiny_experiment.read_text("utf-8") + STAGES, "utf-8")
    loaded = load_checked(tiny_experiment)
    write_settings(loaded, {"two": LAST})
    again = load_checked(tiny_experiment)
    values = [again.experiment(it).train.channels_last for it in again.stages]
    assert values == [False, True]


def test_an_experiment_that_lacks_images_can_be_written_too(tiny_experiment):
    """``profile`` makes them up; they are no problem that is new."""
    text = tiny_experiment.read_text("utf-8").replace('hr = "train"', 'hr = "gone"')
    tiny_experiment.write_text(text, "utf-8")
    write_settings(load_unchecked(tiny_experiment), {"": LAST})
    assert "channels_last = true" in tiny_experiment.read_text("utf-8")


def test_a_file_that_would_be_wrong_is_left_as_it_is(tiny_experiment, tmp_path):
    before = tiny_experiment.read_text("utf-8")
    loaded = load_checked(tiny_experiment)
    names = {it.name for it in tmp_path.iterdir()}
    with pytest.raises(DataError, match=r"not changed, since with the key train\.precision"):
        write_settings(loaded, {"": TrainSetting("precision", "float16")})
    assert tiny_experiment.read_text("utf-8") == before
    assert {it.name for it in tmp_path.iterdir()} == names


def test_a_shipped_experiment_is_not_written():
    with pytest.raises(UnwritableError, match=r"srcore new esrgan_tiny > experiment\.toml makes"):
        refuse_fixed_settings(load_unchecked("esrgan_tiny"), ())


def test_a_stage_of_a_file_that_is_extended_is_not_written(tiny_experiment, tmp_path):
    tiny_experiment.write_text(tiny_experiment.read_text("utf-8") + STAGES, "utf-8")
    own = tmp_path / "own.toml"
    own.write_text('extends = "tiny.toml"\n')
    with pytest.raises(UnwritableError, match=r"the stage one does not stand in .*own\.toml"):
        refuse_fixed_settings(load_checked(own), ())


@pytest.mark.parametrize("key", ["train.compile", "stages[0].train.channels_last"])
def test_what_is_overridden_is_not_written(tiny_experiment, key):
    loaded = load_checked(tiny_experiment)
    with pytest.raises(UnwritableError, match="leave one of them out"):
        refuse_fixed_settings(loaded, [f"{key}=true"])
