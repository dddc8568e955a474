from collections import Counter

from srcore.engine.sampling import StreamSampler, epoch_order


def batches(start=0, stop=10, length=7, size=3, **ranks):
    return list(StreamSampler(length, size, seed=1, start=start, stop=stop, **ranks))


def test_every_image_comes_once_per_epoch():
    keys = [key for batch in batches(stop=7) for key in batch]
    assert len(keys) == 21
    for epoch in range(3):
        assert sorted(index for e, index in keys if e == epoch) == list(range(7))


def test_orders_differ_between_epochs_and_seeds():
    orders = {tuple(epoch_order(20, seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}
    assert len(orders) == 4


def test_a_stream_can_start_anywhere():
    assert batches(start=4) == batches()[4:]


def test_ranks_share_each_global_batch():
    whole = batches(size=4, stop=5)
    first = batches(size=2, stop=5, rank=0, world_size=2)
    second = batches(size=2, stop=5, rank=1, world_size=2)
    assert [a + b for a, b in zip(first, second, strict=True)] == whole


def test_more_images_per_batch_than_images_repeats_them():
    counted = Counter(index for _, index in batches(length=2, size=5, stop=1)[0])
    assert sorted(counted.values()) == [2, 3]
