"""Every image once, few shards at a time."""

import numpy as np

from srcore.shards.local_order import local_order


def shards_of(order, counts):
    return np.searchsorted(np.cumsum(counts), order, "right")


def test_every_image_comes_once_and_neighbors_are_in_few_shards():
    counts = [5, 0, 7, 3, 9, 1, 4, 6]
    order = local_order(counts, 3, np.random.default_rng(1))
    assert sorted(order) == list(range(35))
    shards = shards_of(order, counts).tolist()
    windows = []
    while shards:
        seen = set(shards)
        for length in range(len(shards), 0, -1):
            if not set(shards[:length]) & set(shards[length:]):
                seen = set(shards[:length])
        windows.append(seen)
        shards = [shard for shard in shards if shard not in seen]
    assert all(len(seen) <= 3 for seen in windows)
    assert len(windows) >= 3


def test_shards_and_images_are_shuffled_anew_for_another_epoch():
    counts = [50] * 20
    first, again, other = (local_order(counts, 4, np.random.default_rng(n)) for n in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert shards_of(first, counts)[:200].tolist() != shards_of(other, counts)[:200].tolist()
    window = shards_of(first, counts)[:200]
    assert len(np.unique(window)) == 4
    assert (np.diff(window) != 0).mean() > 0.5  # mixed, not one after the other


def test_few_shards_are_drawn_as_a_folder_is():
    order = local_order([4, 6], 8, np.random.default_rng(1))
    assert np.array_equal(order, np.random.default_rng(1).permutation(10))
    assert local_order([], 8, np.random.default_rng(1)).tolist() == []
