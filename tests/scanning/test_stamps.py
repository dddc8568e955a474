import os

import numpy as np
import pytest

from srcore.scanning.stamps import NO_FILE, stamps


def expected(path):
    state = path.stat()
    return [state.st_mtime_ns, state.st_size]


def test_time_and_bytes_of_files_wherever_they_lie(many, tmp_path, age):
    folder, names = many(3)
    (folder / names[1]).write_bytes(b"of another size")
    age(folder / names[2], seconds=90)
    elsewhere = tmp_path / "\udcff.png"
    elsewhere.write_bytes(b"12")
    listed = [*names, str(elsewhere)]
    assert stamps(folder, names).tolist() == [expected(folder / name) for name in names]
    assert stamps(folder, listed).tolist() == [expected(folder / name) for name in listed]
    (folder / names[0]).unlink()
    told = stamps(folder, listed)
    assert told.dtype == np.int64
    assert told.tolist() == [list(NO_FILE), *[expected(folder / name) for name in listed[1:]]]


def test_a_time_beyond_the_range_of_numbers_is_the_last_one(many):
    folder, names = many(2)
    os.utime(folder / names[0], (2**34, 2**34))  # in the year 2514
    if (folder / names[0]).stat().st_mtime_ns < 2**63:
        pytest.skip("this file system knows no such times")
    assert stamps(folder, names).tolist() == [
        [2**63 - 1, expected(folder / names[0])[1]],
        expected(folder / names[1]),
    ]
