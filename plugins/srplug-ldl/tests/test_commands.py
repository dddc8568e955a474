"""``srcore ldl map``."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from srplug_ldl.artifact_pictures import heat_picture, map_of_images
from srplug_ldl.commands import command as ldl

from srcore.errors import DataError
from srcore.images import read_image, write_image
from srcore.testing.tiny_images import tiny_image


@pytest.fixture
def files(tmp_path):
    hr = tiny_image(0, 24, 32)
    generator = np.random.default_rng(0)
    write_image(tmp_path / "hr.png", hr)
    for name, level in (("sr", 12), ("ema", 8)):
        noisy = hr + generator.normal(0, level, hr.shape)
        write_image(tmp_path / f"{name}.png", noisy.clip(0, 255).astype(np.uint8))
    return {f"--{name}": tmp_path / f"{name}.png" for name in ("sr", "ema", "hr")}


def call(files, output, *extra):
    arguments = [str(part) for pair in files.items() for part in pair]
    return CliRunner().invoke(ldl, ["map", *arguments, "-o", str(output), *extra])


def test_writes_the_map_and_prints_its_values(files, tmp_path):
    done = call(files, tmp_path / "map.png", "--json")
    assert done.exit_code == 0, done.output
    values = map_of_images(*(read_image(path) for path in files.values()))
    assert np.array_equal(read_image(tmp_path / "map.png"), heat_picture(values))
    printed = json.loads(done.stdout)
    assert printed["max"] == pytest.approx(values.max())
    assert printed["mean"] == pytest.approx(values.mean())


def test_beside_puts_all_images_in_a_row(files, tmp_path):
    assert call(files, tmp_path / "row.png", "--beside", "--max", "0.1").exit_code == 0
    row = read_image(tmp_path / "row.png")
    assert row.shape[1] == 4 * 32 + 3 * 8
    assert np.array_equal(row[-24:, :32], read_image(files["--sr"]))


def test_without_an_ema_image_nothing_is_refined(files, tmp_path):
    del files["--ema"]
    done = call(files, tmp_path / "map.png", "--window-size", "5")
    assert done.exit_code == 0
    values = map_of_images(
        read_image(files["--sr"]), None, read_image(files["--hr"]), window_size=5
    )
    assert f"mean {values.mean():.4g}" in done.output


def test_files_are_not_replaced_unasked(files, tmp_path):
    (tmp_path / "map.png").write_bytes(b"mine")
    done = call(files, tmp_path / "map.png")
    assert str(done.exception) == f"{tmp_path / 'map.png'}: exists; --overwrite replaces it"
    assert call(files, tmp_path / "map.png", "--overwrite").exit_code == 0


def test_images_of_other_sizes_are_named(files, tmp_path):
    write_image(tmp_path / "ema.png", tiny_image(0, 24, 30))
    done = call(files, tmp_path / "map.png")
    assert isinstance(done.exception, DataError)
    assert "ema.png: 30x24 pixels; expected 32x24, the size of" in str(done.exception)


def test_even_windows_are_refused(files, tmp_path):
    done = call(files, tmp_path / "map.png", "--window-size", "6")
    assert done.exit_code == 2
    assert "'--window-size': expected an odd size, found 6" in done.output
