"""Several data sets as one."""

from collections import Counter

import numpy as np
import pytest

from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.prepare.shards import prepare_shards
from srcore.sources.tar import tar_source
from srcore.testing import write_tiny_images
from srcore.testing.experiments import load_checked

CONCAT = """
extends = "tiny.toml"

[data.train]
type = "concat"
WEIGHTS

[[data.train.datasets]]
type = "hr_folder"
hr = "train"
hr_patch_size = 32

[[data.train.datasets]]
type = "hr_folder"
hr = "more"
hr_patch_size = 32
"""


@pytest.fixture
def both(tiny_experiment):
    write_tiny_images(tiny_experiment.parent / "more", 3, seed=50)

    def write(weights="", **changes):
        text = CONCAT.replace("WEIGHTS", weights)
        for old, new in changes.items():
            text = text.replace(old, new)
        file = tiny_experiment.with_name("both.toml")
        file.write_text(text)
        return file

    return write


def dataset(file):
    loaded = load_checked(file)
    return loaded.experiment(loaded.stages[0]).data.train.selected.build(scale=2)


def test_all_images_are_there_with_names_of_their_own(both):
    images = dataset(both())
    assert len(images) == 9
    names = [images.name(index) for index in range(9)]
    assert len(set(names)) == 9
    assert names[0] == "0/00"
    assert names[6] == "1/00"
    assert names[5] == "05", "only one data set has it"
    sample = images.sample(7, np.random.default_rng(0))
    assert sample["hr"].shape == (32, 32, 3)
    assert sample["extras"] == {"dataset": 1}


def test_without_weights_every_image_comes_once(both):
    order = dataset(both()).order(0, np.random.default_rng(0))
    assert sorted(order) == list(range(9))


def test_weights_are_shares_of_an_epoch(both):
    entries = dataset(both("weights = [1, 3]"))
    counted = Counter(
        int(index >= 6)
        for epoch in range(200)
        for index in entries.order(epoch, np.random.default_rng(epoch))
    )
    assert counted.total() == 1800
    assert abs(counted[1] / 1800 - 0.75) < 0.03
    order = entries.order(0, np.random.default_rng(0))
    second = Counter(order[order >= 6].tolist())
    assert max(second.values()) - min(second.values()) <= 1, "in rounds"


def test_it_trains(both, tmp_path):
    run_experiment(load_checked(both("weights = [1, 1]")), tmp_path, quiet=True)
    assert (tmp_path / "tiny/generator.safetensors").is_file()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("weights = [1]", "data.train.weights: expected one weight per data set (2), one above 0"),
        ("weights = [0, 0]", "data.train.weights: expected one weight per data set (2)"),
        ("weights = [1, -1]", "data.train.weights: expected numbers >= 0"),
    ],
)
def test_weights_that_are_none_are_refused(both, weights, message):
    with pytest.raises(ConfigError) as error:
        load_checked(both(weights))
    assert message in str(error.value)


def test_a_problem_of_one_data_set_names_it(both):
    file = both(more="moer")
    with pytest.raises(ConfigError) as error:
        load_checked(file)
    assert "data.train.datasets[1].hr: " in str(error.value)


def test_crops_of_different_sizes_are_refused(both):
    file = both()
    text = file.read_text()
    start = text.rindex("hr_patch_size = 32")
    file.write_text(text[:start] + "hr_patch_size = 16\n")
    with pytest.raises(ConfigError) as error:
        load_checked(file)
    assert "expected the same hr_patch_size in all data sets, found" in str(error.value)


def test_shards_keep_their_order_and_others_are_mixed_in_between(both):
    file = both()
    place = file.parent
    write_tiny_images(place / "many", 12)
    prepare_shards(place / "many", place / "shards", shard_size=0.016)
    tar = 'type = "images"\nhr = { type = "tar", path = "shards", window = 2 }'
    file.write_text(file.read_text().replace('type = "hr_folder"\nhr = "train"', tar))
    images = dataset(file)
    order = images.order(0, np.random.default_rng(1))
    assert sorted(order) == list(range(15))
    assert not np.array_equal(order, images.order(0, np.random.default_rng(2)))
    own = tar_source(path=place / "shards", window=2).order(0, np.random.default_rng(1))
    assert [index for index in order if index < 12] == own.tolist()
    turns = (order >= 12).astype(int)
    assert np.ptp(np.flatnonzero(turns)) > 3, "not one data set after the other"
