import numpy as np
import pytest

from srcore.data.batching import stack_samples
from srcore.errors import DataError


def sample(side=4, dtype=np.uint8, value=255):
    return {"lr": np.full((2, 2, 3), 1, np.uint8), "hr": np.full((side, side, 3), value, dtype)}


def test_samples_are_stacked_by_name():
    batch = stack_samples([sample(), sample()])
    assert batch["lr"].shape == (2, 2, 2, 3)
    assert batch["hr"].shape == (2, 4, 4, 3)
    assert batch["hr"].dtype == np.uint8


def test_8_and_16_bits_meet_in_16():
    batch = stack_samples([sample(), sample(dtype=np.uint16, value=7)])
    assert batch["hr"].dtype == np.uint16
    assert batch["hr"][:, 0, 0, 0].tolist() == [65535, 7]
    assert batch["lr"].dtype == np.uint8


def test_different_sizes_say_what_to_set():
    with pytest.raises(DataError, match=r"hr images of different sizes .*set hr_patch_size"):
        stack_samples([sample(), sample(side=6)])


def test_different_names_are_refused():
    with pytest.raises(DataError, match="mixes samples"):
        stack_samples([sample(), {"hr": sample()["hr"]}])
