"""Intervals that a training does not reach are said by the check."""

import pytest

import srcore


def said(experiment, *overrides):
    return [str(entry) for entry in srcore.load_experiment(experiment, overrides).remarks()]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("validate_every=7", "7 iterations are never reached, the training has 6; validated at"),
        ("checkpoint_every=7", "saved at the end only"),
        ("keep_every=7", "no copy of a checkpoint is kept"),
    ],
)
def test_intervals_that_the_training_does_not_reach(tiny_experiment, key, words):
    (line,) = said(tiny_experiment, f"train.{key}")
    assert f"train.{key.partition('=')[0]}: " in line
    assert words in line
    assert said(tiny_experiment, "train.checkpoint_every=1000") == [], "a default is no wish"


def test_validations_without_images(tiny_experiment):
    (line,) = said(tiny_experiment, "drop=['data.validation']")
    assert "train.validate_every: nothing is validated" in line
