"""Rows that come again are there once; a flat loss ends the training, and ends it again."""

import sqlite3
from contextlib import closing

import pytest

import srcore
from srcore.testing import write_tiny_images

EXPERIMENT = """
name = "small"
scale = 2
generator = { type = "edsr", num_features = 4, num_blocks = 1 }
losses = [{ type = "l1" }]
data.train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
data.validation.own = { type = "hr_folder", hr = "images" }

[[handlers]]
type = "tracker"
[[handlers]]
type = "plateau"
rows = 3
gain = 0.0

[train]
iterations = 6
batch_size = 2
device = "cpu"
log_every = 1
checkpoint_every = 2
validate_every = 2
tensorboard = false
"""


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Train the experiment in a folder of its own, with overrides; the folder of the run."""
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "images")
    (tmp_path / "small.toml").write_text(EXPERIMENT)

    def run(*overrides, resume=False, output="runs"):
        loaded = srcore.load_experiment("small.toml", overrides)
        srcore.run(loaded, output, resume=resume)
        return tmp_path / output / "small"

    return run


def change(command, *arguments):
    with closing(sqlite3.connect("tracker.sqlite")) as database, database:
        return database.execute(command, arguments).fetchall()


def rows(number):
    return change("SELECT iteration, name, value FROM rows WHERE run = ? ORDER BY 1, 2", number)


def test_a_resumed_run_goes_on_under_its_number_with_every_value_once(train):
    train()
    train("train.iterations=4", output="other")
    change("UPDATE rows SET value = 9 WHERE run = 2 AND iteration = 4")  # sent, then killed
    change("INSERT INTO rows VALUES (2, 5, 'l1', 9), (2, 5, 'of a killed run', 9)")
    train(resume=True, output="other")
    assert [number for (number,) in change("SELECT run FROM runs")] == [1, 2]
    whole, resumed = rows(1), rows(2)
    assert [row for row in resumed if row[0] > 4] == [row for row in whole if row[0] > 4]
    assert [row[:2] for row in resumed] == [row[:2] for row in whole]
    assert {name for _, name, _ in whole} >= {"l1", "own/psnr", "learning_rate/generator"}


def test_a_flat_loss_ends_the_training_and_ends_it_again(train):
    flat = "handlers[1].rows=2", "handlers[1].gain=0.9"
    run = train(*flat)
    assert max(iteration for iteration, *_ in rows(1)) == 4
    assert "flat for 2 rows" in (run / "finished.json").read_text()
    train(*flat, "train.iterations=9", resume=True)
    assert max(iteration for iteration, *_ in rows(1)) <= 5


def test_a_value_that_is_not_logged_is_one_line(train):
    with pytest.raises(srcore.SrcoreError, match=r'plateau: expected one of l1, .*found "l3"'):
        train('handlers[1].loss="l3"')
