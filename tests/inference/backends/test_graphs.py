"""A graph for every size of tile; recording itself needs a GPU (``../test_on_gpu.py``)."""

import numpy as np
import pytest
import torch
from torch import nn

import srcore
from srcore.inference.backends import graphs
from srcore.inference.backends.backend import BackendError, NetworkBackend
from srcore.inference.backends.graphs import CudaGraphs, GraphPerSize
from srcore.testing import tiny_image


class Recorder:
    """Counts recordings; a played one refuses other sizes, as a graph would read other memory."""

    def __init__(self):
        self.sizes = []

    def __call__(self, network, example):
        shape = example.shape
        self.sizes.append(tuple(shape[-2:]))

        def run(lr):
            assert lr.shape == shape
            return network(lr)

        return run


@pytest.fixture
def recorder():
    return Recorder()


def _image(side):
    return torch.rand(1, 3, side, side + 1)


def test_every_size_is_recorded_once(recorder):
    runs = GraphPerSize(nn.Conv2d(3, 3, 1), recorder)
    for side in (8, 9, 8, 9, 8):
        assert runs(_image(side)).shape == (1, 3, side, side + 1)
    assert recorder.sizes == [(8, 9), (9, 10)]


def test_the_size_that_was_used_longest_ago_is_let_go(recorder):
    runs = GraphPerSize(nn.Conv2d(3, 3, 1), recorder)
    for side in (1, 2, 3, 4, 1, 5, 1, 2):
        runs(_image(side))
    assert [height for height, _ in recorder.sizes] == [1, 2, 3, 4, 5, 2]


def test_another_precision_is_another_recording(recorder):
    runs = GraphPerSize(nn.Conv2d(3, 3, 1), recorder)
    runs(_image(8))
    for dtype in (torch.bfloat16, torch.float16):
        with torch.no_grad(), torch.autocast("cpu", dtype):
            assert runs(_image(8)).dtype == dtype
    assert len(recorder.sizes) == 3


def test_an_image_in_tiles_is_recorded_once_for_each_size(monkeypatch, recorder):
    monkeypatch.setattr(graphs, "captured", recorder)
    monkeypatch.setattr(CudaGraphs, "devices", ("cpu",))
    torch.manual_seed(0)
    network = srcore.build("network", "compact", scale=2, num_features=8, num_convs=2).eval()
    image = tiny_image(0, 90, 70)
    given = {"tile": 32, "overlap": 4}
    made = srcore.upscale(network, image, backend="cudagraphs", **given)
    assert np.abs(made.astype(int) - srcore.upscale(network, image, **given)).max() <= 1
    assert len(recorder.sizes) == len(set(recorder.sizes)) <= 4 + 2  # two more are compared


def test_on_a_processor_it_is_refused():
    network = srcore.build("network", "compact", scale=2, num_features=8, num_convs=2)
    text = 'backend="cudagraphs": computes on cuda, not on cpu; use device="cuda" or '
    with pytest.raises(BackendError, match=text):
        srcore.upscale(network, tiny_image(), backend="cudagraphs")
    assert isinstance(CudaGraphs(), NetworkBackend)
