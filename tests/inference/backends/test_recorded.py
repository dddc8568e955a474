"""Networks recorded for other runtimes, once."""

import attrs
import numpy as np
import pytest
import torch

import srcore
from srcore import upscale
from srcore.exporting.formats import FORMATS
from srcore.inference.backends import recorded
from srcore.inference.backends.backend import BackendError, ProgramOrder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def network_of(name):
    torch.manual_seed(0)
    return srcore.build("network", name, scale=4, num_features=8, num_convs=2).eval()


@pytest.fixture
def network():
    return network_of("compact")


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (44, 37, 3), np.uint8)


def test_a_network_is_recorded_once_until_its_weights_change(network, image, monkeypatch):
    calls = []
    record = FORMATS["ncnn"].record

    def counted(*arguments):
        calls.append(1)
        return record(*arguments)

    monkeypatch.setitem(recorded.FORMATS, "ncnn", _with_record(FORMATS["ncnn"], counted))
    before = upscale(network, image, backend="ncnn")
    upscale(network, image, backend="ncnn")
    upscale(network_of("compact"), image, backend="ncnn")  # from the cache
    assert len(calls) == 1
    with torch.no_grad():
        next(network.parameters()).mul_(1.5)
    assert not np.array_equal(upscale(network, image, backend="ncnn"), before)
    assert len(calls) == 2


def _with_record(form, record):
    return attrs.evolve(form, record=record)


EXAMPLE = torch.zeros(1, 3, 8, 8)


def key(network, to="ncnn", **keywords):
    return recorded._cache_key(to, ProgramOrder(network=network, example=EXAMPLE, **keywords))


def test_what_is_kept_is_found_by_all_that_decides_what_is_recorded(network, monkeypatch):
    keys = [key(network), key(network, "onnx"), key(network, calibration=(EXAMPLE,))]
    network.activation_slope = 0.3
    keys.append(key(network))
    monkeypatch.setattr(recorded, "_version", lambda package: "another")
    keys.append(key(network))
    assert len(set(keys)) == 5
    monkeypatch.undo()
    assert key(network_of("compact")) == keys[0]


def test_a_network_that_sees_more_than_an_image_is_not_recorded(network):
    network.condition = lambda batch: None
    order = ProgramOrder(network=network, example=EXAMPLE)
    with pytest.raises(BackendError, match=r"sees more than the image \(condition\)"):
        recorded.program_files("onnx", order)


def test_a_large_network_is_told_of_when_it_is_recorded(network, monkeypatch, caplog):
    monkeypatch.setattr(recorded, "_MANY", 1)
    form = attrs.evolve(FORMATS["ncnn"], record=lambda *arguments: [b"program"])
    monkeypatch.setitem(recorded.FORMATS, "ncnn", form)
    order = ProgramOrder(network=network, example=EXAMPLE)
    assert recorded.program_files("ncnn", order) == [b"program"]
    assert recorded.program_files("ncnn", order) == [b"program"]
    (record,) = caplog.records
    assert record.getMessage() == "recording Compact for ncnn, once"
