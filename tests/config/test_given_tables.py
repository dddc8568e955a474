from pathlib import Path

import numpy as np
import pytest

import srcore
from srcore.config.given_tables import given_table
from srcore.errors import ConfigError

TABLE = {
    "scale": 2,
    "generator": {"type": "edsr", "num_features": 8, "num_blocks": 1},
    "losses": [{"type": "l1"}],
    "train": {"iterations": 2, "batch_size": 2, "device": "cpu"},
}


def table(tiny_images, **more):
    data = {"type": "hr_folder", "hr": tiny_images, "hr_patch_size": 32, "workers": 0}
    return {**TABLE, "data": {"train": data}, **more}


@pytest.fixture
def tiny_images(tmp_path):
    return srcore.testing.write_tiny_images(tmp_path / "images", 2)


def test_a_table_is_what_its_file_would_be(tiny_images, tmp_path):
    import tomli_w

    given = table(tiny_images, name="x")
    (tmp_path / "x.toml").write_text(tomli_w.dumps(given_table(given)))
    read = srcore.load_experiment(tmp_path / "x.toml")
    loaded = srcore.load_experiment(given)
    assert loaded.experiment(loaded.stages[0]) == read.experiment(read.stages[0])
    assert given["data"]["train"]["hr"] == tiny_images  # not changed


def test_overrides_are_assignments_or_values(tiny_images):
    for overrides in (["train.iterations=7"], {"train.iterations": np.int64(7)}):
        loaded = srcore.load_experiment(table(tiny_images), overrides)
        assert loaded.experiment(loaded.stages[0]).train.iterations == 7
    assert loaded.name == "experiment"


def test_a_table_extends_a_shipped_experiment():
    name = "psnr_rrdb_tiny"
    train = {"type": "hr_folder", "hr": "here", "hr_patch_size": 32}
    with pytest.raises(ConfigError) as caught:
        srcore.load_experiment({"extends": name, "data": {"train": train}})
    assert "the given table: data.train.hr" in str(caught.value)
    with pytest.raises(ConfigError, match="the given table: extends: no_such"):
        srcore.load_experiment({"extends": "no_such"})


def test_all_that_no_file_can_hold_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        given_table(
            {"a": None, "b": [1, {"c": object()}], 3: 1, "d": Path("x"), "e": np.array(2.5)}
        )
    assert str(caught.value).splitlines() == [
        "the given table: a: found None; leave the key out",
        "the given table: b[1].c: expected text, a number, true or false, a list or a table, "
        "found object",
        "the given table: expected keys of text, found 3",
    ]


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ({"train..x": 1}, "overrides: expected a key such as table.key"),
        ({"train.iteration": 1}, "overrides: train.iteration: unknown key; did you mean"),
        ({"train.iterations": "x"}, "overrides: train.iterations: expected a whole number"),
    ],
)
def test_wrong_overrides_are_told(tiny_images, overrides, line):
    with pytest.raises(ConfigError, match=line):
        srcore.load_experiment(table(tiny_images), overrides)


def test_a_loaded_experiment_takes_no_overrides(tiny_images, tmp_path):
    loaded = srcore.load_experiment(table(tiny_images))
    with pytest.raises(ConfigError, match="overrides: the experiment is loaded already"):
        srcore.run(loaded, tmp_path, overrides=["seed=1"])
