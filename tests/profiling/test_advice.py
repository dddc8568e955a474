"""What an advice says, by made-up numbers."""

import attrs
import pytest

from srcore.profiling.advice import TimeSpent, advise

#: A step of which nothing but the networks takes time worth a word.
FINE = TimeSpent(
    parts={
        "data": 0.0,
        "transform": 0.01,
        "forward generator": 0.3,
        "loss l1": 0.02,
        "backward generator": 0.6,
        "optimizer generator": 0.03,
        "average": 0.01,
        "other": 0.03,
    },
    reading=0.5,
    workers=4,
    cores=8,
    batch_size=16,
    iterations=1000,
    validate_every=500,
    validations=2,
    validation=20.0,
    validation_parts={"reading": 0.1, "forward generator": 0.8, "metric psnr": 0.1},
    discriminators=("discriminator",),
)


def advised(parts=None, **changes):
    return advise(attrs.evolve(FINE, parts={**FINE.parts, **(parts or {})}, **changes))


def test_where_networks_take_the_time_there_is_nothing_to_gain():
    assert advised() == (
        "nothing to gain beside the networks: their forward and backward passes take 90% of a "
        "step; "
        "--compare tries other memory formats, compiling and precisions"
    )


@pytest.mark.parametrize(
    ("parts", "changes", "expected"),
    [
        ({"data": 1.0}, {"workers": 0, "reading": 2.5},
         "50% of a step is waiting for images: data.train.workers = 3 (now 0) reads them during "
         "the steps"),
        ({"data": 1.0}, {"workers": 0, "reading": 1.0, "cores": 2},
         "50% of a step is waiting for images: data.train.workers = 1 (now 0) reads"),
        # batches that were read ahead hide that four processes are too slow
        ({}, {"reading": 6.0, "workers": 4},
         "33% of a step is waiting for images: data.train.workers = 6 (now 4) reads them in time"),
        ({}, {"reading": 16.0, "workers": 8},
         "16 processes would read them in time, and there are 8 processor cores; smaller files"),
        ({}, {"validation": 500.0},
         "50% of the training is validation: train.validate_every = 1000 (now 500) does less"),
        ({}, {"validate_every": 10, "validations": 100, "validation": 10.0},
         "50% of the training is validation: train.validate_every = 90 (now 10) does less of it"),
        ({}, {"validation": 500.0, "validation_parts": {"metric lpips": 3.0, "reading": 1.0}},
         "does less of it; metric lpips takes 75% of it"),
        ({"transform jpeg": 1.0, "transform blur": 0.5}, {},
         "60% of a step, most of it transform jpeg: the processor computes them; srcore prepare"),
        ({"transform jpeg": 1.0}, {"is_on_processor": False},
         "50% of a step, most of it transform jpeg: srcore prepare degrade makes degraded images"),
        ({"forward discriminator": 0.5, "backward discriminator": 1.0}, {},
         "the network discriminator takes 60% of a step: one with fewer features costs less"),
        ({"loss perceptual": 1.0}, {},
         "loss perceptual takes 50% of a step, and more in the backward pass"),
        ({"optimizer generator": 0.8, "average": 0.2}, {},
         "optimizers and averages take 51% of a step, whatever the batch: with a larger "
         "train.batch_size (now 16) an image costs less of them"),
        ({"other": 1.0}, {},
         "51% of a step is spent between its parts, whatever the batch"),
    ],
)  # fmt: skip
def test_the_part_that_takes_the_most_is_named_with_what_to_change(parts, changes, expected):
    assert expected in advised(parts, **changes)


def test_the_largest_share_comes_first():
    parts = {"data": 0.5, "loss perceptual": 2.0}
    assert "loss perceptual" in advised(parts, workers=0)


def test_a_single_validation_at_the_end_is_not_too_many():
    changes = {"validate_every": 0, "validations": 1, "validation": 5000.0}
    assert "nothing to gain" in advised(**changes)
    once = {"validate_every": 1000, "validations": 1, "validation": 5000.0}
    assert "validate_every" not in advised(**once)


def test_numbers_that_are_nothing_are_no_error():
    assert "nothing to gain" in advise(TimeSpent(parts={}))
