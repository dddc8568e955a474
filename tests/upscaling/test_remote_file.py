from pathlib import PurePath

import numpy as np
import pytest

from srcore.images import Origin, read_header, write_image
from srcore.upscaling.remote_file import RemoteFile, path_of_address

fsspec = pytest.importorskip("fsspec")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("s3://bucket/deep/a b.png", "bucket/deep/a b.png"),
        ("s3://bucket/a%20b.png", "bucket/a%20b.png"),
        ("https://me:secret@host:8080/a%20b.png?x=/y.png#z", "host_8080/a b.png"),
        ("https://host/%2e%2e/%2e%2e/etc/a.png", "host/etc/a.png"),
        ("memory:///b/../a.png", "b/a.png"),
    ],
)
def test_an_address_is_a_path_that_leads_nowhere_else(url, path):
    assert path_of_address(url) == PurePath(path)


def test_it_is_known_as_the_file_it_is(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((3, 4, 3), np.uint8))
    fsspec.filesystem("memory").pipe_file("/b/a.png", (tmp_path / "a.png").read_bytes())
    image = RemoteFile("memory://b/a.png")
    assert str(image) == image.identity == "memory://b/a.png"
    assert image.file is None
    assert image.path == PurePath("b/a.png")
    assert image.header() == read_header(tmp_path / "a.png")
    assert image.origin() == Origin.of(tmp_path / "a.png")
    assert image.is_far
