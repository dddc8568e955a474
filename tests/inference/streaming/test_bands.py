"""How many rows at a time, and what happens when memory runs out."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from srcore.errors import SrcoreError
from srcore.inference.failures import OutOfMemoryError
from srcore.inference.streaming import bands
from srcore.recording.recording import record


class Network(nn.Module):
    """Keeps two rows of six values; its largest maps are those of the enlarged image."""

    scale = 2
    tile_multiple = 1

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.last = nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, lr):
        return F.interpolate(self.last(F.relu(self.first(lr))), scale_factor=2)


@pytest.fixture
def network():
    return Network().eval()


@pytest.fixture
def recording(network):
    with torch.inference_mode():
        return record(network, torch.rand(1, 3, 8, 8))


def _band(network, recording, monkeypatch, *, memory, width=100, area=3200):
    monkeypatch.setattr(bands, "memory_for_tiles", lambda device: memory)
    return bands.band_for(network, recording, width, area)


@pytest.mark.parametrize(("width", "expected"), [(100, 32), (320, 10), (5000, 4)])
def test_wide_images_are_taken_in_few_rows(network, recording, monkeypatch, width, expected):
    for memory in (None, 10**12):
        assert _band(network, recording, monkeypatch, memory=memory, width=width) == expected


def test_short_memory_makes_fewer_rows_until_there_is_no_use(network, recording, monkeypatch):
    a_row = 100 * bands.memory_per_pixel(network)
    held = 100 * 4 * recording.kept_values()
    heights = [
        _band(network, recording, monkeypatch, memory=held + rows * a_row + 1)
        for rows in (50, 20, 4, 3)
    ]
    assert heights == [32, 20, 4, None]


def test_bands_are_multiples_of_what_the_network_takes(network, recording, monkeypatch):
    network.tile_multiple = 3
    assert _band(network, recording, monkeypatch, memory=None) == 30
    network.tile_multiple = 64
    assert _band(network, recording, monkeypatch, memory=None) == 64


class Source:
    """Rows of an image; memory runs out for more than so many, and once at a row."""

    def __init__(self, image, *, most=10**9, once_at=None, error=None):
        self.image, self.most, self.once_at = image, most, once_at
        self.error = error or MemoryError("numpy")
        self.asked = []

    def __call__(self, start, stop):
        self.asked.append((start, stop))
        if stop - start > self.most:
            raise self.error
        if self.once_at is not None and start <= self.once_at < stop:
            self.once_at = None
            raise self.error
        return self.image[..., start:stop, :]

    def upscaled(self, network, recording, band=16, precision="float32", tell=float):
        height = self.image.shape[-2]
        parts = bands.upscaled_bands(network, recording, self, height, band, precision, tell)
        return torch.cat(list(parts), -2)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory")])
@pytest.mark.parametrize("limits", [{}, {"most": 5}, {"once_at": 0}, {"once_at": 40}])
def test_without_memory_fewer_rows_give_the_same(network, recording, error, limits):
    image = torch.rand(1, 3, 61, 8)
    source = Source(image, error=error, **limits)
    with torch.inference_mode():
        torch.testing.assert_close(source.upscaled(network, recording), network(image))


def test_rows_are_given_before_all_are_read(network, recording):
    source = Source(torch.rand(1, 3, 61, 8))
    next(bands.upscaled_bands(network, recording, source, 61, 16, "float32", float))
    assert source.asked == [(0, 16)]


def test_if_a_few_rows_are_too_much_the_error_is_the_cause(network, recording):
    error = MemoryError("numpy")
    source = Source(torch.rand(1, 3, 61, 8), most=0, error=error)
    with pytest.raises(OutOfMemoryError, match=r"out of memory on cpu even for 2 rows; .*numpy"):
        source.upscaled(network, recording)
    assert source.asked == [(0, 16), (0, 8), (0, 4), (0, 2)]


def test_other_errors_are_not_taken_for_want_of_memory(network, recording):
    source = Source(torch.rand(1, 3, 61, 8), most=0, error=RuntimeError("size mismatch"))
    with pytest.raises(RuntimeError, match="size mismatch"):
        source.upscaled(network, recording)


def test_a_result_that_is_not_finite_is_an_error(network, recording):
    image = torch.rand(1, 3, 61, 8)
    image[..., 40, 3] = float("nan")
    with pytest.raises(SrcoreError, match='not finite in bfloat16; use precision="float32"'):
        Source(image).upscaled(network, recording, precision="bfloat16")


def test_half_precision_is_that_of_autocast(network, recording):
    image = torch.rand(1, 3, 61, 8)
    result = Source(image).upscaled(network, recording, precision="bfloat16")
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        expected = network(image).float()
    assert result.dtype == torch.float32
    torch.testing.assert_close(result, expected)


def test_work_is_told_up_to_all_of_it(network, recording):
    told = []
    Source(torch.rand(1, 3, 61, 8)).upscaled(network, recording, tell=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
