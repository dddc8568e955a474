"""Memory is measured above what was there."""

import numpy as np
import pytest
import torch

from srcore.estimating import peak_memory
from srcore.estimating.peak_memory import PeakMemory
from srcore.machine.resident_memory import give_back_memory, resident_bytes

pytestmark = pytest.mark.skipif(not resident_bytes(), reason="the system does not tell")


def test_the_largest_size_counts_though_it_is_gone():
    peaks = PeakMemory(torch.device("cpu"))
    before = peaks.bytes()
    del before
    many = np.ones(40 * 2**20, np.uint8)
    del many
    assert peaks.bytes() > 35 * 2**20
    give_back_memory()  # an allocator may keep what was freed
    peaks.begin()
    assert peaks.bytes() < 35 * 2**20
    assert peaks.process > peaks.start + 35 * 2**20


def test_the_start_may_lie_before_what_was_imported(monkeypatch):
    monkeypatch.setattr(peak_memory, "_start", 0)
    peak_memory.count_memory_from_here()
    start = peak_memory._start
    used = np.ones(8 * 2**20)
    peaks = PeakMemory(torch.device("cpu"))
    assert (peaks.start, used.nbytes) == (start, 2**26)
    assert peaks.bytes() >= 0.9 * 2**26
