import numpy as np
import pytest

from srcore.datasets.lmdb import lmdb_dataset
from srcore.errors import DataError
from srcore.images import read_image, write_image
from srcore.prepare.degrading import OfflineDegradation
from srcore.prepare.jobs import prepare_degraded, prepare_sub_images
from srcore.prepare.lmdb import prepare_lmdb


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for name, height, width in (("a", 20, 28), ("below/b", 24, 17), ("tiny", 7, 30)):
        image = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        write_image(tmp_path / "images" / f"{name}.png", image)
    return tmp_path / "images"


@pytest.mark.parametrize("workers", [1, 2])
def test_sub_images_are_written_and_small_images_reported(folder, tmp_path, workers):
    output = tmp_path / "sub"
    report = prepare_sub_images(folder, output, crop=12, step=8, recursive=True, workers=workers)
    assert (report.images, report.written) == (2, 6 + 6)
    assert report.too_small == [f"{folder / 'tiny.png'}: 30x7"]
    assert report.failed == []
    image = read_image(folder / "a.png")
    np.testing.assert_array_equal(read_image(output / "a_s005.png"), image[8:20, 8:20])
    assert len(list((output / "below").iterdir())) == 6


def test_unreadable_images_are_reported_and_the_rest_is_done(folder, tmp_path):
    (folder / "tiny.png").write_bytes(b"")
    report = prepare_sub_images(folder, tmp_path / "sub", crop=12, step=8)
    assert report.failed == [f"{folder / 'tiny.png'}: the file is empty"]
    assert report.images == 1


def test_output_with_files_is_refused_unless_asked(folder, tmp_path):
    output = tmp_path / "sub"
    write_image(output / "a_s001.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match="sub: holds files; overwrite=True replaces what"):
        prepare_sub_images(folder, output, crop=12, step=8)
    prepare_sub_images(folder, output, crop=12, step=8, overwrite=True)
    assert read_image(output / "a_s001.png").shape == (12, 12, 3)
    with pytest.raises(DataError, match=r"a\.png: is a file; expected a folder"):
        prepare_sub_images(folder, folder / "a.png", crop=12, step=8)


def test_names_that_would_collide_are_refused(folder, tmp_path):
    write_image(folder / "ax2.png", np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(DataError, match=r"would get the same name: a\.png and ax2\.png"):
        prepare_sub_images(folder, tmp_path / "sub", crop=12, step=8)


def test_degraded_copies_and_their_originals_fit(folder, tmp_path):
    degradation = OfflineDegradation(scale=3, noise=4.0)
    report = prepare_degraded(
        folder,
        tmp_path / "lr",
        degradation,
        name="{}x3",
        hr_output=tmp_path / "hr",
        recursive=True,
    )
    assert (report.images, report.written) == (3, 6)
    hr = read_image(tmp_path / "hr" / "below" / "b.png")
    assert hr.shape == (24, 15, 3)
    np.testing.assert_array_equal(
        read_image(tmp_path / "lr" / "below" / "bx3.png"), degradation.apply(hr, "below/b")
    )


def test_a_write_error_stops_and_names_the_file(folder, tmp_path):
    (tmp_path / "lr" / "ax2.png").mkdir(parents=True)
    with pytest.raises(DataError, match=r"ax2\.png: cannot be written"):
        prepare_degraded(
            folder, tmp_path / "lr", OfflineDegradation(scale=2), name="{}x2", overwrite=True
        )


def test_lmdb_is_replaced_only_when_asked(folder, tmp_path):
    output = tmp_path / "a.lmdb"
    assert prepare_lmdb(folder, output, recursive=True).written == 3
    with pytest.raises(DataError, match=r"a\.lmdb: exists; overwrite=True replaces it"):
        prepare_lmdb(folder, output)
    assert prepare_lmdb(folder, output, overwrite=True).written == 2
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_is_no_lmdb_is_never_replaced(folder, tmp_path):
    other = tmp_path / "photos.lmdb"
    write_image(other / "a.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match="exists and is no LMDB folder; choose another"):
        prepare_lmdb(folder, other, overwrite=True)
    with pytest.raises(DataError, match=r"the name of an LMDB folder ends in \.lmdb"):
        prepare_lmdb(folder, tmp_path / "db")


def test_unreadable_images_are_left_out_of_an_lmdb(folder, tmp_path):
    (folder / "tiny.png").write_bytes(b"")
    report = prepare_lmdb(folder, tmp_path / "a.lmdb")
    assert report.failed == [f"{folder / 'tiny.png'}: the file is empty"]
    assert (tmp_path / "a.lmdb" / "meta_info.txt").read_text() == "a.png (20,28,3) 1\n"


def test_any_name_is_stored_in_an_lmdb_and_found_again(tmp_path):
    names = ["photo (1)", " (2,3,4) 5", "ü", "\udcff", "x" * 245]
    generator = np.random.default_rng(0)
    for name in [*names, "line\nbreak"]:
        image = generator.integers(0, 256, (8, 8, 3), np.uint8)
        write_image(tmp_path / "in" / f"{name}.png", image, durable=False)
    report = prepare_lmdb(tmp_path / "in", tmp_path / ("y" * 245 + ".lmdb"))
    assert report.written == len(names)
    assert [line.split(": ")[1] for line in report.failed] == [
        "a name with a line break has no place in meta_info.txt; rename the file"
    ]
    dataset = lmdb_dataset(scale=2, hr=tmp_path / ("y" * 245 + ".lmdb"))
    assert len(dataset) == len(names)
    for index in range(len(dataset)):
        expected = read_image(tmp_path / "in" / f"{dataset.name(index)}.png")
        np.testing.assert_array_equal(dataset.sample(index, None)["hr"], expected)


def test_a_key_too_long_for_lmdb_is_one_line_and_the_rest_is_done(folder, tmp_path):
    below = folder / ("d" * 250) / ("e" * 250)
    write_image(below / f"{'f' * 20}.png", np.zeros((8, 8, 3), np.uint8))
    report = prepare_lmdb(folder, tmp_path / "a.lmdb", recursive=True)
    assert report.written == 3
    assert len(report.failed) == 1
    assert "a key of 522 bytes; LMDB holds at most 511" in report.failed[0]


@pytest.mark.parametrize("error", [ValueError("decoder"), MemoryError("9 GiB"), DataError("odd")])
@pytest.mark.parametrize("command", ["sub-images", "degrade", "lmdb"])
def test_whatever_fails_for_one_image_the_others_are_prepared(
    folder, tmp_path, monkeypatch, command, error
):
    def failing(path):
        if path.name == "a.png":
            raise error
        return read_image(path)

    for module in ("jobs", "lmdb"):
        monkeypatch.setattr(f"srcore.prepare.{module}.read_image", failing)
    write_image(folder / "c.png", np.zeros((24, 24, 3), np.uint8))
    if command == "sub-images":
        report = prepare_sub_images(folder, tmp_path / "out", crop=12, step=8)
    elif command == "degrade":
        report = prepare_degraded(folder, tmp_path / "out", OfflineDegradation(scale=2))
    else:
        report = prepare_lmdb(folder, tmp_path / "out.lmdb")
    assert report.written >= 1
    (line,) = report.failed
    assert line.startswith(f"{folder / 'a.png'}: ")
    assert str(error) in line
