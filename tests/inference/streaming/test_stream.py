"""What a stream computes and keeps."""

import itertools
from collections import Counter

import pytest
import torch
from torch.overrides import TorchFunctionMode

import srcore
from srcore.inference.streaming.stream import Stream
from srcore.recording.recording import record

WIDTH = 9
NETWORKS = {
    "rrdbnet": {"num_features": 8, "num_blocks": 2, "growth_channels": 4},
    "edsr": {"num_features": 8, "num_blocks": 3},
    "compact": {"num_features": 8, "num_convs": 6},
    "msrresnet": {"num_features": 8, "num_blocks": 3},
}


def built(name):
    torch.manual_seed(0)
    return srcore.build("network", name, scale=4, **NETWORKS[name]).eval()


class Counted(TorchFunctionMode):
    """Rows that every convolution makes, by its weights."""

    def __init__(self):
        super().__init__()
        self.rows = Counter()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if func.__name__ == "conv2d":
            weight = args[1] if len(args) > 1 else kwargs["weight"]
            self.rows[id(weight)] += made.shape[-2]
        return made


def advance(stream, image):
    with torch.inference_mode():
        return stream.advance(lambda start, stop: image[..., start:stop, :])


@pytest.mark.parametrize("name", NETWORKS)
def test_no_row_of_a_convolution_is_computed_twice(name):
    network, image = built(name), torch.rand(1, 3, 50, WIDTH)
    with torch.inference_mode(), Counted() as whole:
        network(image)
    with torch.inference_mode():
        stream = Stream(record(network, image[..., :8, :]), 50, 4)
    with Counted() as by_rows:
        while not stream.is_done:
            advance(stream, image)
    assert by_rows.rows == whole.rows


def kept(stream):
    """Values that a stream keeps for each column of the image."""
    return sum(rows.kept.numel() for rows in stream.rows if rows.kept is not None) / WIDTH


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_kept_is_as_predicted_whatever_the_height(name):
    network = built(name)
    with torch.inference_mode():
        recording = record(network, torch.rand(1, 3, 8, WIDTH))
    most = []
    for height in (150, 300):
        stream, image = Stream(recording, height, 4), torch.rand(1, 3, height, WIDTH)
        amounts = []
        while not stream.is_done:
            advance(stream, image)
            amounts.append(kept(stream))
        most.append(max(amounts))
    assert most[0] == most[1] == pytest.approx(recording.kept_values())


def test_work_is_counted_from_nothing_to_all():
    network, image = built("edsr"), torch.rand(1, 3, 30, WIDTH)
    with torch.inference_mode():
        stream = Stream(record(network, image), 30, 4)
    shares = [stream.share]
    while not stream.is_done:
        advance(stream, image)
        shares.append(stream.share)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, pytest.approx(1))
    assert max(later - earlier for earlier, later in itertools.pairwise(shares)) < 0.2
