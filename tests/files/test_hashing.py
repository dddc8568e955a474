"""Hashes of files."""

import hashlib

import pytest

from srcore.files.hashing import sha256_of


@pytest.mark.parametrize("size", [0, 5, 2**20, 2**20 + 1])
def test_it_is_that_of_the_whole_content(tmp_path, size):
    content = bytes(number % 251 for number in range(size))
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_what_cannot_be_read_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "file")
