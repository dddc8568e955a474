import os
from pathlib import Path

import pytest

from srcore.errors import DataError
from srcore.files.opening import open_file
from srcore.images import (
    Origin,
    list_images,
    origin_of,
    read_data,
    read_header,
    read_image,
    write_image,
)
from srcore.testing.tiny_images import tiny_image


@pytest.fixture(params=["pipe", "device", "link to a pipe", "link to a device"])
def endless(tmp_path, request):
    """Reading it to the end would never end."""
    path = tmp_path / "a.png"
    if not hasattr(os, "mkfifo") or not Path("/dev/zero").exists():
        pytest.skip("a system without pipes and devices in the file system")
    target = tmp_path / "pipe" if "pipe" in request.param else Path("/dev/zero")
    if request.param == "device":
        return target
    if "pipe" in request.param:
        os.mkfifo(target)
    if request.param == "pipe":
        target.rename(path)
    else:
        path.symlink_to(target)
    return path


def test_pipes_and_devices_are_refused_by_all_that_reads_images(endless):
    for read in (read_image, read_header, read_data):
        with pytest.raises(DataError, match="cannot be read: a pipe or device; expected a file"):
            read(endless)
    for read in (open_file, origin_of, Origin.of):
        with pytest.raises(OSError, match="a pipe or device"):
            read(endless)


def test_they_are_no_images_of_a_folder(endless, tmp_path):
    write_image(tmp_path / "b.png", tiny_image(0))
    (tmp_path / "c.png").symlink_to("nowhere.png")
    assert [path.name for path in list_images(tmp_path)] == ["b.png", "c.png"]
