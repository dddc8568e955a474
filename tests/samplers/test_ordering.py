"""Samplers of the core."""

from collections import Counter

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.samplers.ordering import InOrder, Weighted


class Named:
    names = ("a b", "c", "d")

    def __len__(self):
        return len(self.names)

    def name(self, index):
        return self.names[index]


def test_in_order_is_the_order_of_the_data_set():
    assert InOrder(dataset=Named()).order(3, np.random.default_rng(0)).tolist() == [0, 1, 2]


def test_weights_of_a_file_decide_how_often_an_image_comes(tmp_path):
    file = tmp_path / "weights.txt"
    file.write_bytes("a b 4\r\n\r\nc 0\r\n".encode("utf-16"))
    sampler = Weighted(dataset=Named(), file=file)
    orders = [sampler.order(epoch, np.random.default_rng(epoch)) for epoch in range(300)]
    counted = Counter(np.concatenate(orders).tolist())
    assert counted[1] == 0
    assert abs(counted[0] / counted.total() - 0.8) < 0.05


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("e 1", r'weights.txt:1: the data set has no image "e"; expected: name weight'),
        ("c 1\nd", r'weights.txt:2: expected a weight >= 0 behind the name, found "d"'),
        ("c much", r'weights.txt:1: expected a weight >= 0 behind the name, found "much"'),
        ("c nan", r'found "nan"'),
        ("c -1", r'found "-1"'),
        ("a b 0\nc 0\nd 0", "weights.txt: expected a weight above 0, found none"),
    ],
)
def test_lines_that_are_none_are_named(tmp_path, text, message):
    file = tmp_path / "weights.txt"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        Weighted(dataset=Named(), file=file)
