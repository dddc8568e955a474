from pathlib import Path

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import Origin, read_header, write_image
from srcore.upscaling.inputs import LocalFile, as_input, files_of_inputs


def test_a_file_is_an_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image(Path("a.png"), np.zeros((3, 4, 3), np.uint8))
    image = as_input(Path("a.png"))
    assert (str(image), image.path, image.file) == ("a.png", Path("a.png"), Path("a.png"))
    assert image.identity == LocalFile(tmp_path / "a.png").identity
    assert image.header() == read_header(Path("a.png"))
    assert image.origin() == Origin.of(Path("a.png"))
    with image.opened() as file:
        assert file.read() == Path("a.png").read_bytes()
    assert as_input(image) is image
    assert not image.is_film
    assert not image.is_far
    assert as_input(Path("a.mov")).is_film
    with pytest.raises(DataError, match=r"b\.png: no such file"), as_input(Path("b.png")).opened():
        pass


def test_files_that_hold_inputs_are_told_once():
    files = [LocalFile(Path(name)) for name in "aba"]
    assert files_of_inputs(files) == [Path("a"), Path("b")]
