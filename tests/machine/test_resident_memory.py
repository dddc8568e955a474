"""The size of this process, as the system tells it."""

import pytest

from srcore.machine import resident_memory
from srcore.machine.resident_memory import data_bytes, forget_peak, peak_bytes, resident_bytes


@pytest.mark.skipif(not resident_bytes(), reason="the system does not tell")
def test_sizes_of_this_process():
    assert forget_peak()
    assert 10 * 2**20 < resident_bytes() <= peak_bytes() + 2**20
    assert data_bytes() > 10 * 2**20


def test_where_nobody_tells_it_is_zero_or_the_largest_ever(monkeypatch, tmp_path):
    monkeypatch.setattr(resident_memory, "_STATUS", tmp_path / "gone")
    monkeypatch.setattr(resident_memory, "_FORGET", tmp_path / "gone" / "too")
    assert (resident_bytes(), data_bytes(), forget_peak()) == (0, 0, False)
    assert peak_bytes() >= 0
