import os
import pickle
import time

import numpy as np
import pytest

from srcore.data.cropping import Window
from srcore.errors import DataError
from srcore.images import to_gray, to_rgba, write_image
from srcore.sources.cache import DiskCache, MemoryCache, cached, default_folder
from srcore.sources.folder import FileSource


class CountingSource(FileSource):
    """Counts how often pixels are decoded."""

    decoded = 0

    def read(self, index):
        self.decoded += 1
        return super().read(index)


@pytest.fixture
def source(tmp_path):
    generator = np.random.default_rng(0)
    paths = []
    for number, dtype in enumerate((np.uint8, np.uint16, np.uint8)):
        paths.append(tmp_path / f"{number}.png")
        image = generator.integers(0, np.iinfo(dtype).max, (5, 7 + number, 3)).astype(dtype)
        write_image(paths[-1], image)
    return CountingSource(paths)


@pytest.mark.parametrize("how", ["memory", "disk"])
def test_every_image_is_decoded_once(source, tmp_path, how):
    plain = FileSource(source.paths)
    cache = cached(source, how, tmp_path / "cache")
    for _ in range(3):
        for index in range(3):
            image = cache.read(index)
            np.testing.assert_array_equal(image, plain.read(index))
            assert image.dtype == plain.read(index).dtype
            window = Window(1, 2, 3, 4)
            np.testing.assert_array_equal(cache.read_window(index, window), window.cut(image))
    assert source.decoded == 3
    assert len(cache) == 3
    assert cache.name(1) == "1"
    assert cache.where(1) == str(source.paths[1])
    assert cache.header(1).bits == 16


def test_forked_processes_share_what_one_of_them_decoded(source):
    cache = MemoryCache(source)
    child = os.fork()
    if child == 0:
        cache.read(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_array_equal(cache.read(1), FileSource(source.paths).read(1))
    assert source.decoded == 0


def test_memory_cache_cannot_be_written_to(source):
    with pytest.raises(ValueError, match="read-only"):
        MemoryCache(source).read(0)[...] = 0


def test_a_cut_cache_file_is_named(source, tmp_path):
    folder = tmp_path / "cache"
    DiskCache(source, source.paths, folder).read(0)
    [kept] = folder.rglob("*.npy")
    kept.write_bytes(kept.read_bytes()[:50])
    with pytest.raises(DataError, match=r"\.npy: not the cache of .*0\.png; delete it"):
        DiskCache(source, source.paths, folder).read(0)


def test_memory_cache_starts_empty_after_pickling(source):
    cache = MemoryCache(source)
    image = cache.read(0)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(cache)).read(0), image)


def test_bad_files_are_reported_when_they_are_read(source):
    source.paths[1].write_bytes(b"")
    cache = MemoryCache(source)
    assert cache.read(0).shape == (5, 7, 3)
    with pytest.raises(DataError, match=r"1\.png: the file is empty"):
        cache.read(1)


def test_an_image_that_changes_size_is_not_cut(source):
    cache = MemoryCache(source)
    write_image(source.paths[0], np.zeros((9, 9, 3), np.uint8))
    assert cache.read(0).shape == (9, 9, 3)


def test_disk_cache_is_found_by_later_runs_and_notices_changes(source, tmp_path):
    folder = tmp_path / "cache"
    DiskCache(source, source.paths, folder).read(0)
    DiskCache(source, source.paths, folder).read(0)
    assert source.decoded == 1
    write_image(source.paths[0], np.zeros((5, 7, 3), np.uint8))
    os.utime(source.paths[0], (time.time() + 5, time.time() + 5))
    assert DiskCache(source, source.paths, folder).read(0).max() == 0


def test_disk_cache_names_files_that_are_gone(source, tmp_path):
    source.paths[0].unlink()
    with pytest.raises(DataError, match=r"0\.png: cannot be read: No such file"):
        DiskCache(source, source.paths, tmp_path / "cache").read(0)


@pytest.mark.parametrize("how", ["none", "memory", "disk"])
def test_alpha_is_kept_with_the_colors(source, tmp_path, how):
    generator = np.random.default_rng(1)
    images = [generator.integers(0, 256, (5, 7, count), np.uint8) for count in (4, 1, 2)]
    for path, image in zip(source.paths, images, strict=True):
        write_image(path, image)
    for _ in range(2):  # the second one finds the files of the first
        cache = cached(FileSource(source.paths), how, tmp_path / "cache", channels=4)
        for index, image in enumerate(images):
            for _ in range(2):
                np.testing.assert_array_equal(cache.read(index), to_rgba(image))
            window = Window(1, 2, 3, 4)
            np.testing.assert_array_equal(
                cache.read_window(index, window), window.cut(to_rgba(image))
            )
            assert cache.header(index).channels == 4
    colors = cached(FileSource(source.paths), how, tmp_path / "cache")
    np.testing.assert_array_equal(colors.read(0), images[0][..., :3])  # kept apart


@pytest.mark.parametrize("how", ["memory", "disk"])
def test_gray_shares_what_is_kept_of_colors(source, tmp_path, how):
    cache = cached(source, how, tmp_path / "cache", channels=1)
    np.testing.assert_array_equal(cache.read(0), to_gray(FileSource(source.paths).read(0)))
    assert list((tmp_path / "cache").rglob("*.npy")) == [] or how == "disk"
    DiskCache(source, source.paths, tmp_path / "cache").read(0)
    assert source.decoded == (1 if how == "disk" else 2)


def test_alpha_of_a_source_that_cannot_tell_it_is_refused(source):
    class Colors:
        def __len__(self):
            return 1

    wanted = r"channels = 4 needs images as they are stored; Colors gives colors only: it has no"
    with pytest.raises(DataError, match=wanted):
        cached(Colors(), "memory", channels=4)


def test_default_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "srcore" / "images"


def test_none_is_the_source_itself(source):
    assert cached(source, "none") is source
