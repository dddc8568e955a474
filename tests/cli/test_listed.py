from pathlib import Path

import numpy as np
import pytest

from srcore.images import write_image


def _photos(folder, number=3):
    for index in range(number):
        image = np.random.default_rng(index).integers(0, 256, (6 + index, 9, 3), np.uint8)
        write_image(Path(folder) / f"{index}.png", image, durable=False)


def test_inputs_may_be_listed_in_a_file(upscale):
    _photos("in", 3)
    Path("in/a[1].png").write_bytes(Path("in/1.png").read_bytes())
    Path("list.txt").write_bytes(b"in/a[1].png\r\n\nin/0.png\nin/gone[1].png\n")
    code, out, err = upscale("--list", "list.txt", "-o", "out/")
    assert (code, out.split()) == (1, ["out/a[1].png", "out/0.png"])
    assert "in/gone[1].png: no such file" in err
    code, out, _ = upscale("in/2.png", "--list", "list.txt", "-o", "out/", "--resume")
    assert (code, out.split()) == (1, ["out/2.png"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "INPUT: expected files"),
        (["--list", "empty.txt"], "empty.txt: expected paths, one in each line, found none"),
        (["--list", "none.txt"], "none.txt"),
    ],
)
def test_a_list_that_names_nothing_is_refused(upscale, arguments, message):
    Path("empty.txt").write_text("\n")
    code, out, err = upscale(*arguments)
    assert (code, out) == (2, "")
    assert message in err
