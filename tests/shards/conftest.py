"""Shards as other programs write them."""

import io
import tarfile

import pytest


@pytest.fixture
def pack():
    """Write a shard of members: name -> content, or a function that changes the TarInfo."""

    def write(shard, members, format=tarfile.PAX_FORMAT):
        shard.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(shard, "w", format=format) as archive:
            for name, content in members:
                member = tarfile.TarInfo(name)
                if callable(content):
                    content(member)
                    content = b""
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return shard

    return write


@pytest.fixture
def images(tmp_path):
    """Contents of PNG files by name."""
    from srcore.testing import write_tiny_images

    folder = write_tiny_images(tmp_path / "images", 6, height=20, width=24)
    return {path.stem: path.read_bytes() for path in sorted(folder.iterdir())}
