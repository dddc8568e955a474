import pytest
import torch
from torch import nn

from srcore.inference import memory
from srcore.inference.memory import memory_per_pixel
from srcore.machine.memory import is_out_of_memory


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("size mismatch"), False),
        (ValueError("not enough memory"), False),
    ],
)
def test_only_errors_about_memory_count(error, expected):
    assert is_out_of_memory(error) is expected


def test_the_estimate_follows_the_largest_maps():
    network = nn.Sequential(nn.Conv2d(3, 100, 3, 1, 1), nn.Conv2d(100, 3, 3, 1, 1))
    # 4 maps of 100 channels of 4 bytes
    assert memory_per_pixel(network) == 4 * 100 * 4
    assert memory_per_pixel(network) == 4 * 100 * 4


def test_free_memory_is_known_here():
    free = memory.free_memory(torch.device("cpu"))
    assert free is None or free > 2**20
