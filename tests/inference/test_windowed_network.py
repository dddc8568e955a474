import weakref

import pytest
import torch
from torch import nn

from srcore.inference import windowed_network
from srcore.inference.beside import NOTHING
from srcore.inference.failures import OutOfMemoryError
from srcore.inference.streaming import bands
from srcore.inference.windowed_network import WindowedNetwork
from srcore.networks.padding import pad_to_multiple


class Hungry(nn.Module):
    """Blurs and doubles; runs out of memory above a number of pixels."""

    scale = 2
    receptive_radius = 1

    def __init__(self, most, error=None):
        super().__init__()
        self.most = most
        self.error = error or RuntimeError("DefaultCPUAllocator: not enough memory: you tried")
        self.calls = []

    def forward(self, lr):
        self.calls.append(tuple(lr.shape))
        if lr.shape[0] * lr.shape[2] * lr.shape[3] > self.most:
            raise self.error
        smooth = nn.functional.avg_pool2d(lr, 3, 1, 1, count_include_pad=False)
        return smooth.repeat_interleave(2, -1).repeat_interleave(2, -2)


def _windowed(network, batch=1):
    return WindowedNetwork(network, "float32", batch, lambda tile: 4)


def test_without_memory_smaller_tiles_give_the_same_result():
    lr = torch.rand(1, 3, 100, 120)
    expected = Hungry(10**9)(lr)
    network = Hungry(40 * 40)
    torch.testing.assert_close(_windowed(network)(lr), expected)


def test_what_did_not_fit_is_not_tried_again():
    network = Hungry(70 * 70)
    windowed = _windowed(network)
    windowed(torch.rand(1, 3, 100, 100))
    network.calls.clear()
    windowed(torch.rand(1, 3, 100, 100))
    assert max(shape[2] for shape in network.calls) <= 70


def test_a_batch_is_halved_before_tiles_are():
    network = Hungry(2 * 30 * 30)
    lr = torch.rand(5, 3, 30, 30)
    torch.testing.assert_close(_windowed(network, batch=5)(lr), Hungry(10**9)(lr))
    assert network.calls == [(5, 3, 30, 30)] + [(2, 3, 30, 30)] * 2 + [(1, 3, 30, 30)]


@pytest.mark.parametrize("error", [MemoryError("numpy"), torch.OutOfMemoryError("CUDA out of")])
def test_if_all_tiles_fail_the_first_error_is_the_cause(error):
    with pytest.raises(OutOfMemoryError, match=f"out of memory on cpu .*{error}") as caught:
        _windowed(Hungry(0, error))(torch.rand(1, 3, 90, 90))
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [RuntimeError("shape mismatch"), ValueError("bug")])
def test_other_errors_escape_at_once(error):
    network = Hungry(0, error)
    with pytest.raises(type(error), match=str(error)):
        _windowed(network)(torch.rand(1, 3, 90, 90))
    assert len(network.calls) == 1


class HungryConvolutions(nn.Module):
    """Sees 20 pixels far, where tiles of these tests have 4; hungry as the other."""

    scale = 2
    tile_multiple = 4
    error = MemoryError("numpy")

    def __init__(self, most):
        super().__init__()
        torch.manual_seed(0)
        self.most = most
        self.inner = nn.Sequential(*(nn.Conv2d(3, 3, 5, padding=2) for _ in range(10)))

    def forward(self, lr):
        if lr.shape[0] * lr.shape[2] * lr.shape[3] > self.most:
            raise self.error
        height, width = lr.shape[-2:]
        wide = self.inner(pad_to_multiple(lr, 4))
        return nn.functional.interpolate(wide, scale_factor=2)[..., : 2 * height, : 2 * width]


@pytest.mark.parametrize("batch", [1, 2])
def test_without_memory_convolutions_give_the_whole_by_rows(monkeypatch, batch):
    def cut(*arguments):
        raise AssertionError("tiles lack context")

    monkeypatch.setattr(windowed_network, "blend", cut)
    lr, network = torch.rand(3, 3, 90, 71), HungryConvolutions(10**9).eval()
    with torch.inference_mode():
        expected = network(lr)
        network.most = 60 * 70
        made = _windowed(network, batch)(lr)
    torch.testing.assert_close(made, expected)


def test_where_rows_do_not_fit_either_tiles_are_made(monkeypatch):
    monkeypatch.setattr(bands, "memory_for_tiles", lambda device: 0)
    network = HungryConvolutions(60 * 60).eval()
    with torch.inference_mode():
        made = _windowed(network)(torch.rand(1, 3, 90, 71))
    assert made.shape == (1, 3, 180, 142)


def test_what_filled_the_memory_is_let_go_before_parts_are_computed():
    class Filling(Hungry):
        def forward(self, lr):
            filled = torch.zeros(4)
            self.held.append(weakref.ref(filled))
            return super().forward(lr) + 0 * filled.sum()

    network = Filling(40 * 40)
    network.held = []
    windowed = _windowed(network)
    assert windowed._attempt(torch.rand(1, 3, 50, 50), NOTHING) is None
    assert [it() for it in network.held] == [None]
