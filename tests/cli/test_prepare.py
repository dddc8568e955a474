import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from srcore.cli.prepare import command
from srcore.images import image_size, read_header, read_image, write_image


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
    assert "'--name': expected one {} for the stem, found \"x4\"" in result.stderr


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


def noise(channels=3, dtype=np.uint8):
    largest = np.iinfo(dtype).max
    return np.random.default_rng(0).integers(0, largest, (40, 48, channels), dtype, endpoint=True)


def sizes(folder):
    return [path.stat().st_size for path in sorted(Path(folder).rglob("*")) if path.is_file()]


@pytest.mark.parametrize(
    "arguments", [("subimages", "--crop", 32, "--step", 16), ("degrade", "--scale", 2)]
)
def test_files_are_of_the_format_and_written_as_its_options_say(tmp_path, arguments):
    name, *others = arguments
    write_image(tmp_path / "in" / "a.png", noise() // 16)

    def made(output, *options):
        given = (*others, "--workers", 1, *options)
        result = prepare(name, tmp_path / "in", tmp_path / output, *given)
        assert result.exit_code == 0, result.output
        return sizes(tmp_path / output)

    assert sum(made("packed", "--compress-level", 9)) < sum(made("large", "--compress-level", 0))
    plain = sorted((tmp_path / "packed").iterdir())
    coarse = made("coarse", "--format", "jpg", "--quality", 20, "--subsampling", "4:2:0")
    assert sum(coarse) < sum(made("fine", "--format", "jpeg", "--quality", 99))
    assert {path.suffix for path in (tmp_path / "fine").iterdir()} == {".jpg"}
    made("exact", "--format", "webp", "--lossless")
    for path in plain:
        exact = read_image(tmp_path / "exact" / f"{path.stem}.webp")
        np.testing.assert_array_equal(exact, read_image(path))


def test_hr_images_are_of_the_format_too(tmp_path):
    write_image(tmp_path / "in" / "a.png", noise())
    result = prepare("degrade", tmp_path / "in", tmp_path / "lr", "--scale", 2, "--workers", 1,
                     "--hr-output", tmp_path / "hr", "--format", "tiff")  # fmt: skip
    assert result.exit_code == 0
    np.testing.assert_array_equal(read_image(tmp_path / "hr" / "a.tif"), noise())
    assert read_header(tmp_path / "lr" / "a.tif").shape == (20, 24, 3)


@pytest.mark.parametrize("arguments", [("subimages", "--crop", 32), ("degrade", "--scale", 2)])
def test_what_the_format_cannot_hold_is_a_line_and_the_others_are_done(tmp_path, arguments):
    write_image(tmp_path / "in" / "a.png", noise(dtype=np.uint16))
    write_image(tmp_path / "in" / "b.png", noise(4))
    write_image(tmp_path / "in" / "c.png", noise())
    name, *others = arguments
    result = prepare(
        name, tmp_path / "in", tmp_path / "out", *others, "--format", "jpeg", "--workers", 1
    )
    assert result.exit_code == 1
    assert "a.png: .jpg holds 8 bits per channel only; use .png or .tif\n" in result.stderr
    assert "b.png: .jpg cannot hold rgb_alpha; use .png\n" in result.stderr
    assert "2 unusable" in result.stdout
    assert {path.name[0] for path in (tmp_path / "out").iterdir()} == {"c"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--lossless",), "--lossless: not an option of PNG but of WebP, AVIF"),
        (
            ("--format", "avif", "--lossless", "--subsampling", "4:2:0"),
            "AVIF: lossless: not with subsampling 4:2:0",
        ),
    ],
)
def test_options_of_other_formats_are_wrong_usage(folder, tmp_path, options, message):
    for arguments in (("subimages", "--crop", 32), ("degrade", "--scale", 2)):
        name, *others = arguments
        result = prepare(name, folder, tmp_path / "out", *others, *options)
        assert result.exit_code == 2
        assert message in result.stderr
        assert not (tmp_path / "out").exists()


def test_files_in_an_lmdb_are_packed_as_asked(tmp_path):
    write_image(tmp_path / "in" / "a.png", np.zeros((400, 480, 3), np.uint8))
    lengths = []
    for level in (0, 9):
        output = tmp_path / f"{level}.lmdb"
        result = prepare("lmdb", tmp_path / "in", output, "--compress-level", level)
        assert result.exit_code == 0
        lengths.append(len((output / "data.mdb").read_bytes().rstrip(b"\0")))
    assert lengths[0] > 400 * 480 * 3 > 4 * lengths[1]


def test_shards_are_made_and_looked_through(folder, tmp_path):
    write_image(tmp_path / "lr/a.png", np.zeros((20, 24, 3), np.uint8))
    write_image(tmp_path / "lr/small.png", np.zeros((10, 24, 3), np.uint8))
    output = tmp_path / "shards"
    arguments = ("shards", folder, output, "--lr", tmp_path / "lr", "--workers", 1)
    for _ in range(2):  # the second one has nothing left to do
        result = prepare(*arguments)
        assert (result.exit_code, result.stdout) == (0, f"4 images -> 1 shards in {output}\n")
    result = prepare("verify", output, "--workers", 1)
    assert (result.exit_code, result.stdout) == (0, "4 images: no damage\n")


def test_damaged_shards_exit_with_one_and_a_line_for_each_fault(folder, tmp_path):
    output = tmp_path / "shards"
    assert prepare("shards", folder, output, "--workers", 1).exit_code == 0
    shard = output / "shard-000000.tar"
    shard.write_bytes(shard.read_bytes().replace(b"IDAT", b"IDAx"))
    result = prepare("verify", output, "--workers", 1)
    assert (result.exit_code, result.stdout) == (1, "2 images: 2 faults\n")
    lines = [line for line in result.stderr.splitlines() if line.startswith("srcore: ")]
    assert [line.split(": ")[2] for line in lines] == ["a", "small"]
    result = prepare("verify", output, "--workers", 1, "--json")
    assert (result.exit_code, len(json.loads(result.stdout)["failed"])) == (1, 2)
