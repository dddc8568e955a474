import pytest
import torch
from torch import nn

from srcore.inference.windowed_network import OutOfMemoryError, WindowedNetwork


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
