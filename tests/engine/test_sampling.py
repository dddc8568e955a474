from collections import Counter

import numpy as np
import pytest
import torch

from srcore.engine.sampling import StreamSampler, TrainingImages, collate, to_device
from srcore.errors import PluginError


def batches(start=0, stop=10, length=7, size=3, **ranks):
    return list(StreamSampler(range(length), size, seed=1, start=start, stop=stop, **ranks))


def test_every_image_comes_once_per_epoch():
    keys = [key for batch in batches(stop=7) for key in batch]
    assert len(keys) == 21
    for epoch in range(3):
        assert sorted(index for e, index in keys if e == epoch) == list(range(7))


def test_orders_differ_between_epochs_and_seeds():
    orders = set()
    for seed in (0, 1):
        stream = StreamSampler(range(20), 20, seed=seed, start=0, stop=2)
        orders |= {tuple(index for _, index in batch) for batch in stream}
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


def test_the_order_is_that_of_earlier_versions():
    """What was trained before must be resumed with the same images."""
    expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence((1, 2, 0)))).permutation(
        7
    )
    assert [index for _, index in batches(size=7, stop=1)[0]] == expected.tolist()


class Given:
    def __init__(self, *orders):
        self.orders = orders

    def order(self, epoch, generator):
        return self.orders[epoch]


def test_a_sampler_gives_the_order():
    ordering = Given(np.array([2, 2, 0]), np.array([1, 0, 2]))
    keys = batches(length=3, size=2, stop=3, ordering=ordering)
    assert keys == [[(0, 2), (0, 2)], [(0, 0), (1, 1)], [(1, 0), (1, 2)]]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (np.array([0.5]), r"returned ndarray \(1,\) of float64; expected the numbers"),
        (np.array([], np.int64), r"returned ndarray \(0,\) of int64"),
        (np.array([0, 3]), r"returned numbers from 0 to 3; expected those of the images, 0 to 2"),
        (np.array([-1, 1]), r"returned numbers from -1 to 1"),
        (None, "returned None; expected the numbers"),
    ],
)
def test_an_order_that_is_none_names_its_sampler(order, message):
    with pytest.raises(PluginError, match=f"Given {message}"):
        batches(length=3, ordering=Given(order))


def test_epochs_of_different_lengths_are_refused():
    with pytest.raises(PluginError, match="returned 2 images for epoch 1; expected 3, as for the"):
        batches(length=3, ordering=Given(np.arange(3), np.arange(2)))


class WithExtras:
    def __len__(self):
        return 3

    def name(self, index):
        return str(index)

    def sample(self, index, generator):
        extras = {"noise": 0.5 * index, "kernel": np.full((2, 2), index, np.float32), "text": "ab"}
        return {"hr": np.full((4, 4, 3), index, np.uint8), "extras": extras}


def test_extras_travel_with_their_images():
    images = TrainingImages(WithExtras(), seed=0, skip_bad=False)
    batch = to_device(collate([images[0, 2], images[0, 1]]), torch.device("cpu"))
    assert batch["index"].tolist() == [2, 1]
    assert batch["noise"].tolist() == [1.0, 0.5]
    assert batch["kernel"].shape == (2, 2, 2)
    assert batch["kernel"].dtype == torch.float32
    assert batch["text"] == ["ab", "ab"]
    torch.testing.assert_close(batch["hr"][:, 0, 0, 0] * 255, torch.tensor([2.0, 1.0]))


def test_extras_that_do_not_fit_together_are_one_line():
    images = TrainingImages(WithExtras(), seed=0, skip_bad=False)
    samples = [images[0, 0], images[0, 1]]
    samples[1]["extras"]["kernel"] = np.zeros((3, 3), np.float32)
    error = collate([dict(sample) for sample in samples])["error"]
    assert error.startswith("extra kernel: expected numbers, arrays of one size or texts, found")
    del samples[1]["extras"]["kernel"]
    error = collate([dict(sample) for sample in samples])["error"]
    assert error.startswith("a batch mixes samples with other extras than noise, kernel, text")
