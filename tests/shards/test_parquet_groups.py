"""Columns of Parquet files, group of rows by group of rows."""

import sys

import pytest

from srcore.errors import DataError, MissingExtraError
from srcore.shards.parquet_groups import ParquetGroups


@pytest.fixture
def file(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    values = [bytes([number]) * 3 for number in range(7)]
    cells = [None if number == 4 else {"bytes": it} for number, it in enumerate(values)]
    table = pyarrow.table({"image": cells, "plain": values})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=3)
    return tmp_path / "a.parquet"


@pytest.mark.parametrize("column", ["image", "plain"])
def test_rows_are_read_and_few_groups_kept(file, column):
    groups = ParquetGroups([file, file], column, 2)
    assert groups.groups == [3, 3, 1, 3, 3, 1]
    for row in (0, 6, 3, 1, 5):
        for shard in (0, 1):
            assert groups.read(shard, row, 0) == bytes([row]) * 3
            assert len(groups._loaded) <= 2


def test_an_empty_row_is_one_line(file):
    with pytest.raises(DataError, match=r"a\.parquet: row 4 has no image"):
        ParquetGroups([file], "image", 2).read(0, 4, 0)


def test_a_file_that_went_away_is_one_line(file):
    groups = ParquetGroups([file], "image", 2)
    file.unlink()
    with pytest.raises(DataError, match=r"a\.parquet: no such file"):
        groups.read(0, 0, 0)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'srcore\[parquet\]'"):
        ParquetGroups([tmp_path / "a.parquet"], "image", 2)
