import json

import numpy as np
import pytest
from click.testing import CliRunner

from srcore.cli.prepare import command
from srcore.images import image_size, write_image


@pytest.fixture
def folder(tmp_path):
    write_image(tmp_path / "in" / "a.png", np.zeros((40, 48, 3), np.uint8))
    write_image(tmp_path / "in" / "small.png", np.zeros((20, 48, 3), np.uint8))
    return tmp_path / "in"


def prepare(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_subimages_summary_on_stdout_and_warnings_on_stderr(folder, tmp_path):
    result = prepare("subimages", folder, tmp_path / "out", "--crop", 32, "--step", 16)
    assert result.exit_code == 0
    assert result.stdout == (
        f"1 images -> 4 sub-images of 32x32 in {tmp_path / 'out'}; "
        "1 smaller than the crop left out\n"
    )
    assert "small.png: 48x20: smaller than the crop, left out" in result.stderr
    assert "sub-images: 100%" in result.stderr


def test_scale_divides_crop_and_step(folder, tmp_path):
    result = prepare("subimages", folder, tmp_path / "out", "--crop", 32, "--step", 16,
                     "--scale", 4, "--workers", 1)  # fmt: skip
    assert result.exit_code == 0
    assert image_size(tmp_path / "out" / "a_s001.png") == (8, 8)
    result = prepare("subimages", folder, tmp_path / "out", "--crop", 30, "--scale", 4)
    assert result.exit_code == 2
    assert "--crop: expected a multiple of --scale 4, found 30" in result.stderr


def test_degrade_prints_json(folder, tmp_path):
    result = prepare("degrade", folder, tmp_path / "lr", "--scale", 4, "--name", "{}x4",
                     "--jpeg", 80, "--workers", 1, "--json")  # fmt: skip
    assert json.loads(result.stdout) == {"images": 2, "written": 2, "too_small": [], "failed": []}
    assert image_size(tmp_path / "lr" / "ax4.png") == (10, 12)


def test_bad_name_is_a_usage_error(folder, tmp_path):
    result = prepare("degrade", folder, tmp_path / "lr", "--scale", 4, "--name", "x4")
    assert result.exit_code == 2
    assert "--name: expected one {} for the stem" in result.stderr


def test_unusable_images_exit_with_one(folder, tmp_path):
    (folder / "small.png").write_bytes(b"")
    result = prepare("degrade", folder, tmp_path / "lr", "--scale", 4, "--workers", 1)
    assert result.exit_code == 1
    assert "small.png: the file is empty" in result.stderr
    assert "1 unusable" in result.stdout


def test_lmdb_is_made(folder, tmp_path):
    result = prepare("lmdb", folder, tmp_path / "a.lmdb")
    assert result.exit_code == 0
    assert (tmp_path / "a.lmdb" / "meta_info.txt").is_file()
