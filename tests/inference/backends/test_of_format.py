"""A backend of a format that ``srcore convert`` writes is one small class."""

import numpy as np
import pytest
import torch

import srcore
from srcore.exporting.formats import FORMATS, Format
from srcore.inference.backends import of_format
from srcore.inference.backends.backend import KIND, NetworkBackend, ProgramOrder
from srcore.inference.backends.of_format import FormatBackend
from srcore.plugin.registry import Registry


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return srcore.build("network", "compact", scale=2, num_features=8, num_convs=2).eval()


class TorchScript(FormatBackend):
    form = "torchscript"
    memory = 1.0


def test_a_further_format_is_a_class_that_names_it(network):
    registry = Registry()
    registry.add_kind(KIND, "srcore.inference.backends.backend:NetworkBackend")
    registry.add(KIND, "torchscript", None, TorchScript)
    registry.complete()
    image = np.random.default_rng(0).integers(0, 256, (44, 37, 3), np.uint8)
    made = srcore.upscale(network, image, backend="torchscript", registry=registry)
    # TorchScript may choose other convolutions than eager PyTorch: where a value lies between two
    # levels, they round to either.
    expected = srcore.upscale(network, image).astype(int)
    assert np.abs(made - expected).max() <= 1
    assert isinstance(TorchScript(), NetworkBackend)


def test_int8_is_a_program_of_onnx_with_the_formats_other_files(network, monkeypatch):
    class Beside(TorchScript):
        precisions = ("float32", "int8")
        beside_int8 = (b"more",)

    loaded = []
    monkeypatch.setitem(FORMATS, "torchscript", Format(record=None, load=loaded.append))
    monkeypatch.setattr(of_format, "int8_program", lambda order: b"onnx")
    Beside().program(
        ProgramOrder(network=network, example=torch.rand(1, 3, 8, 8), precision="int8")
    )
    assert loaded == [[b"onnx", b"more"]]
