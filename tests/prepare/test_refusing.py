"""No image is prepared into a place that images are prepared from."""

import pytest

from srcore.files.replacing import ReplacedInputError
from srcore.images import files_of
from srcore.prepare.refusing import refuse_writing_among


@pytest.fixture
def place(tmp_path):
    """``in/a.png`` and ``link`` -> ``in``."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").write_bytes(b"original")
    (tmp_path / "link").symlink_to("in")
    return tmp_path


@pytest.mark.parametrize(
    ("output", "recursive", "message"),
    [
        ("in/b.png", False, "images are read from it"),
        ("link/b.png", False, "images are read from it"),
        ("in/below/b.png", True, "lies in "),
        ("link/below/b.png", True, "lies in "),
        ("in/below/b.png", False, None),
        ("out/b.png", True, None),
    ],
)
def test_nothing_is_written_among_the_inputs(place, output, recursive, message):
    arguments = place / "in", [place / "in/a.png"], [place / output]
    if message is None:
        refuse_writing_among(*arguments, recursive=recursive)
    else:
        with pytest.raises(ReplacedInputError, match=message):
            refuse_writing_among(*arguments, recursive=recursive)


@pytest.mark.parametrize(
    ("link", "target", "output", "message"),
    [
        ("in/out", "out", "out/b.png", r"in/out"),
        ("in/up", ".", "out/below/b.png", r"in/up"),
        ("in/b.png", "out/b.png", "out/b.png", "images are read from it"),
        ("in/c.png", "elsewhere/c.png", "out/c.png", None),
        ("in/sub", "out/sub", "out/b.png", None),
    ],
)
def test_links_among_the_inputs_are_followed(place, link, target, output, message):
    for folder in ("out/sub", "elsewhere"):
        (place / folder).mkdir(parents=True)
    for file in ("out/b.png", "elsewhere/c.png"):
        (place / file).write_bytes(b"image")
    (place / link).symlink_to(place / target)
    inputs = [file for file in files_of(place / "in", recursive=True) if file.is_file()]
    if message is None:
        refuse_writing_among(place / "in", inputs, [place / output], recursive=True)
    else:
        with pytest.raises(ReplacedInputError, match=message):
            refuse_writing_among(place / "in", inputs, [place / output], recursive=True)
