import os
import pickle
import sys

import numpy as np
import pytest

from srcore.datasets.downscaled import DownscaledImages
from srcore.datasets.lmdb import lmdb_dataset
from srcore.datasets.paired_folder import PairedFolder
from srcore.errors import DataError, MissingExtraError
from srcore.prepare.lmdb import prepare_lmdb
from srcore.sources.cache import cached
from srcore.sources.lmdb import LmdbSource


@pytest.fixture
def databases(pair_folders, tmp_path):
    for folder in pair_folders:
        prepare_lmdb(folder, tmp_path / f"{folder.name}.lmdb")
    return {"hr": tmp_path / "hr.lmdb", "lr": tmp_path / "lr.lmdb"}


def test_samples_equal_those_of_the_folders(databases, pair_folders):
    hr, lr = pair_folders
    folders = PairedFolder(scale=2, hr=hr, lr=lr, hr_patch_size=8)
    dataset = lmdb_dataset(scale=2, hr_patch_size=8, **databases)
    assert len(dataset) == 3
    for index in range(3):
        assert dataset.name(index) == folders.name(index)
        for seed in (None, 1):
            generators = [None if seed is None else np.random.default_rng(seed) for _ in "ab"]
            got = dataset.sample(index, generators[0])
            expected = folders.sample(index, generators[1])
            np.testing.assert_array_equal(got["hr"], expected["hr"])
            np.testing.assert_array_equal(got["lr"], expected["lr"])


def test_lr_is_made_without_an_lr_database(databases):
    dataset = lmdb_dataset(scale=2, hr=databases["hr"])
    assert isinstance(dataset, DownscaledImages)
    assert dataset.sample(0, None)["lr"].shape == (12, 15, 3)


def test_layout_is_the_one_of_the_field(databases):
    assert {path.name for path in databases["hr"].iterdir()} == {
        "data.mdb",
        "lock.mdb",
        "meta_info.txt",
    }
    lines = (databases["hr"] / "meta_info.txt").read_text().splitlines()
    assert lines[0] == "0.png (24,30,3) 1"


def test_source_survives_pickling_and_caches_in_memory(databases):
    source = LmdbSource(databases["hr"])
    image = source.read(1)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(source)).read(1), image)
    np.testing.assert_array_equal(cached(source, "memory").read(1), image)
    with pytest.raises(DataError, match=r'use "memory" with LMDB'):
        cached(source, "disk")


def test_forked_workers_read_what_the_parent_has_open(databases):
    source = LmdbSource(databases["hr"])
    image = source.read(1)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(source.read(1), image) else 1)
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_array_equal(source.read(1), image)


def test_missing_keys_are_named(databases):
    with pytest.raises(DataError, match=r"lr\.lmdb: no partner for 1 images: x"):
        LmdbSource(databases["lr"], ["0", "x"])
    with (databases["lr"] / "meta_info.txt").open("a") as file:
        file.write("x.png (1,1,3) 1\n")
    with pytest.raises(DataError, match=r"lr\.lmdb: x: listed in meta_info\.txt but not stored"):
        LmdbSource(databases["lr"], ["0", "x"]).read(1)


def test_a_folder_without_database_is_named(tmp_path):
    with pytest.raises(DataError, match=r"expected an LMDB folder with data\.mdb"):
        LmdbSource(tmp_path)


def test_a_broken_database_is_named(databases):
    (databases["hr"] / "data.mdb").write_bytes(b"no database")
    with pytest.raises(DataError, match=r"hr\.lmdb: cannot be opened as LMDB"):
        LmdbSource(databases["hr"]).read(0)


def test_missing_package_says_what_to_install(databases, monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'srcore\[lmdb\]'"):
        LmdbSource(databases["hr"])
