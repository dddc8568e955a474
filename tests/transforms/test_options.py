"""What ``srcore check`` says of transforms that do not fit the rest of an experiment."""

import pytest

from srcore.errors import ConfigError
from srcore.testing.experiments import load_checked

TRANSFORMS = """
extends = "tiny.toml"

[data.train]
downscale = "none"

[[data.train.transforms]]
type = "second_order_degradation"
hr_crop = {crop}

[[data.train.transforms]]
type = "pair_pool"
size = {size}
"""


@pytest.fixture
def problems(tiny_experiment):
    def found(crop=32, size=8, more=""):
        file = tiny_experiment.with_name("degraded.toml")
        file.write_text(TRANSFORMS.format(crop=crop, size=size) + more)
        try:
            load_checked(file)
        except ConfigError as error:
            return [f"{problem.path}: {problem.message}" for problem in error.problems]
        return []

    return found


def test_what_fits_is_accepted(problems):
    assert problems() == []
    assert problems(crop=0, size=4) == []


def test_pool_that_batches_do_not_fill_evenly(problems):
    assert problems(size=10) == [
        "data.train.transforms[1].size: expected a multiple of train.batch_size = 4, found 10; "
        "the nearest is 8"
    ]


def test_crop_between_low_resolution_pixels(problems):
    assert problems(crop=31) == [
        "data.train.transforms[0].hr_crop: expected a multiple of scale = 2, found 31; use 30"
    ]


def test_crop_larger_than_what_is_loaded(problems):
    assert problems(crop=64) == [
        "data.train.transforms[0].hr_crop: expected at most data.train.hr_patch_size = 32, found 64"
    ]


def test_discriminator_is_checked_against_the_crop_on_the_device(problems):
    more = (
        '[discriminator]\ntype = "unet"\n[method]\ntype = "gan"\n[[losses]]\ntype = "adversarial"\n'
    )
    assert problems(crop=24, more=more) == []
    (problem,) = problems(crop=28, more=more)
    assert "to be a multiple of 8, found 28" in problem
