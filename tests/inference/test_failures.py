"""What ends an image is one line that says what to do."""

import numpy as np
import pytest
import torch
from torch import nn

from srcore import upscale
from srcore.errors import SrcoreError
from srcore.inference.failures import OutOfMemoryError, check_finite


def test_output_that_is_not_finite_is_an_error():
    class Broken(nn.Module):
        scale = 1

        def forward(self, lr):
            return lr * torch.nan

    image = np.full((4, 4, 3), 9, np.uint8)
    with pytest.raises(SrcoreError, match='not finite in bfloat16; use precision="float32"'):
        upscale(Broken(), image, precision="bfloat16")
    with pytest.raises(SrcoreError, match=r"not finite in float32$"):
        upscale(Broken(), image)


def test_one_value_of_many_is_enough():
    sr = torch.zeros(1, 3, 4, 4)
    check_finite(sr, "float32")
    sr[0, 1, 2, 3] = torch.inf
    with pytest.raises(SrcoreError, match="not finite in float16"):
        check_finite(sr, "float16")


def test_memory_that_runs_out_names_the_device_the_part_and_the_first_cause():
    cause = RuntimeError("no memory\nand much more")
    error = OutOfMemoryError.of(torch.device("cpu"), "a tile of 16x16", cause)
    assert str(error) == (
        "out of memory on cpu even for a tile of 16x16; close other programs, or use a smaller "
        "network or another device (no memory)"
    )
    assert error.__cause__ is cause
