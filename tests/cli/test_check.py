"""`srcore check --images`: every image is decoded once."""

import json

import numpy as np
import pytest
from PIL import Image

from srcore.cli import check as check_command
from srcore.cli.main import main
from srcore.scanning import scan
from srcore.testing import write_tiny_images

EXPERIMENT = """
scale = 2
[generator]
type = "edsr"
[[losses]]
type = "l1"
[data.train]
type = "hr_folder"
hr = "hr"
[data.validation.v]
type = "hr_folder"
hr = "hr"
"""


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Run ``srcore check`` on an experiment with three images: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.toml").write_text(EXPERIMENT)
    write_tiny_images(tmp_path / "hr", 3)

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["check", "x.toml", *arguments])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


def test_whole_images_are_ok(check):
    code, out, err = check("--images")
    assert (code, out) == (0, "x.toml: ok\n")
    assert "6/6" in err


def test_every_damaged_image_is_a_line(check, tmp_path):
    for name in ("00.png", "02.png"):
        content = bytearray((tmp_path / "hr" / name).read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / "hr" / name).write_bytes(content)
    assert check()[0] == 0
    code, _, err = check("--images")
    assert code == 2
    lines = [line for line in err.splitlines() if "wrong checksum" in line]
    assert len(lines) == 4
    assert lines[0].count("hr/00.png") == 1
    assert "data.train.hr" in lines[0]


def test_images_that_cannot_be_opened_do_not_hide_damaged_ones(check, tmp_path):
    files = [tmp_path / "hr" / name for name in ("00.png", "01.png")]
    content = bytearray(files[0].read_bytes())
    content[len(content) // 2] ^= 1
    files[0].write_bytes(content)
    files[1].write_bytes(files[1].read_bytes()[:20])
    code, _, err = check("--images")
    assert code == 2
    assert "00.png: the image is damaged or truncated: wrong checksum" in err
    assert "01.png: the image is truncated" in err
    # What is wrong elsewhere is told at once.
    (tmp_path / "x.toml").write_text(EXPERIMENT.replace("scale = 2", "scale = 2\nscael = 2"))
    err = check("--images")[2]
    assert "scael: unknown key" in err
    assert "wrong checksum" not in err


@pytest.mark.parametrize("kind", ["png", "gif", "webp"])
def test_all_pictures_of_an_animation_are_decoded(check, tmp_path, kind):
    noise = np.random.default_rng(0).integers(0, 256, (4, 48, 48, 3), np.uint8)
    first, *others = map(Image.fromarray, noise)
    file = tmp_path / "hr" / f"moving.{kind}"
    first.save(file, save_all=True, append_images=others, duration=50)
    code, _, err = check("--images")
    assert code == 0, err
    content = bytearray(file.read_bytes())
    # Within the last picture; coded data of WebP mean something, whatever they are.
    place, count = len(content) - 1500, 700
    if kind == "webp":
        place, count = content.rfind(b"VP8 ") + 8, 10
    content[place : place + count] = bytes(count)
    file.write_bytes(content)
    code, _, err = check("--images")
    assert code == 2
    assert len([line for line in err.splitlines() if f"hr/moving.{kind}: " in line]) == 2


def test_of_many_new_images_a_sample_is_read_and_all_with_all(check, tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "_WORTH_KEEPING", 2)
    monkeypatch.setattr(check_command, "_SAMPLE", 2)
    (tmp_path / "hr/01.png").write_bytes(b"no image")
    note = f"data: {tmp_path / 'hr'}: 1 of 3 headers were not read; --all reads them"

    def first_check(*arguments):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches" / "".join(arguments)))
        return check("--set", "data.train.hr_patch_size=16", *arguments)

    code, out, err = first_check()
    assert (code, err) == (0, f"srcore: warning: {note}\n")
    assert "x.toml: ok" in out
    code, out, _ = first_check("--json")
    assert [it["message"] for it in json.loads(out)["warnings"]] == [note.partition(": ")[2]]
    code, _, err = first_check("--all")
    assert code == 2
    assert "hr/01.png: not an image" in err
    assert "not read" not in err
    (tmp_path / "hr/00.png").write_bytes(b"no image")
    code, _, err = check("--set", "data.train.hr_patch_size=24")
    assert code == 2
    assert "hr/00.png: not an image" in err
    assert note in err
