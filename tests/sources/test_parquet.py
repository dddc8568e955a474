"""Images of Parquet files are those that were put there."""

import multiprocessing
import pickle

import numpy as np
import pytest

from srcore.errors import ConfigError, DataError
from srcore.sources.folder import folder_source
from srcore.sources.parquet import parquet_source
from srcore.sources.partners import partners
from srcore.testing import tiny_image, write_tiny_images
from srcore.testing.experiments import load_checked

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def write(file, contents, group=2, **columns):
    file.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"bytes": content, "path": "image.png"} for content in contents]
    parquet.write_table(pyarrow.table({"image": cells, **columns}), file, row_group_size=group)


@pytest.fixture
def folder(tmp_path):
    return write_tiny_images(tmp_path / "hr", 9)


@pytest.fixture
def files(folder, tmp_path):
    """Nine images in two files, of groups of two."""
    contents = [path.read_bytes() for path in sorted(folder.iterdir())]
    small = write_tiny_images(tmp_path / "lr", 9, height=24, width=24)
    lr = [path.read_bytes() for path in sorted(small.iterdir())]
    write(tmp_path / "data/train-0.parquet", contents[:5], lr=lr[:5])
    write(tmp_path / "data/train-1.parquet", contents[5:], lr=lr[5:])
    return tmp_path / "data"


def test_images_equal_those_that_were_put_there(folder, files):
    source, whole = parquet_source(path=files), folder_source(path=folder)
    assert len(source) == 9
    for _ in range(2):
        for index in (8, 0, 3, 5, 4, 1):
            np.testing.assert_array_equal(source.read(index), whole.read(index))
            assert source.header(index) == whole.header(index)
        source = pickle.loads(pickle.dumps(source))
    assert source.name(6) == "train-1/000001"
    assert source.where(6).endswith("train-1.parquet: train-1/000001.image")
    indexes = {path.name for path in files.glob("*.index")}
    assert indexes == {"train-0.image.index", "train-1.image.index"}


def test_columns_of_bytes_are_partners_of_the_same_rows(files):
    hr, lr = parquet_source(path=files), parquet_source(path=files, column="lr")
    assert partners(hr, lr) is lr
    np.testing.assert_array_equal(lr.read(7), tiny_image(7, 24, 24))


def test_the_order_keeps_to_few_groups_of_rows(files):
    order = parquet_source(path=files, window=2).order(0, np.random.default_rng(0))
    assert sorted(order) == list(range(9))
    groups = np.searchsorted([2, 4, 5, 7], order, "right").tolist()
    seen = [len(set(groups[start:])) for start in range(9)]
    assert seen[0] == 5
    assert len(set(groups[:3])) <= 2


def test_processes_that_were_forked_read_too(files):
    source = parquet_source(path=files)
    first = source.read(0)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        images = pool.map(source.read, [0, 8, 4, 0])
    np.testing.assert_array_equal(images[3], first)


def test_rows_without_image_are_told_when_they_are_read(tmp_path):
    good = (write_tiny_images(tmp_path / "hr", 1) / "00.png").read_bytes()
    write(tmp_path / "data/a.parquet", [good, None, b"no image"])
    source = parquet_source(path=tmp_path / "data")
    assert source.read(0).shape == (48, 48, 3)
    with pytest.raises(DataError, match=r"a\.parquet: row 1 has no image"):
        source.header(1)
    with pytest.raises(DataError, match=r"a\.parquet: a/000002\.image: not an image"):
        source.read(2)


def test_what_does_not_fit_is_one_line_of_the_check(files, tiny_experiment):
    def check(more):
        text = tiny_experiment.read_text().replace(
            'type = "hr_folder"\nhr = "train"',
            f'type = "images"\nhr = {{ type = "parquet", path = "{files}"{more} }}',
        )
        tiny_experiment.with_name("other.toml").write_text(text)
        load_checked(tiny_experiment.with_name("other.toml"))

    check("")
    with pytest.raises(ConfigError, match=r'no column "photo"; it has image, lr'):
        check(', column = "photo"')
    with pytest.raises(ConfigError, match=r'no files "x\*"; expected Parquet files'):
        check(', files = "x*"')
    with pytest.raises(ConfigError, match=r"24x24 pixels .*; expected 32 or more"):
        check(', column = "lr"')
    (files / "train-1.parquet").write_bytes(b"damaged")
    with pytest.raises(ConfigError, match=r"train-1\.parquet: cannot be read as a Parquet file: "):
        check("")
    parquet.write_table(pyarrow.table({"image": [1]}), files / "train-1.parquet")
    with pytest.raises(ConfigError, match=r'column "image": expected image files, .*found int64'):
        check("")
