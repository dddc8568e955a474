"""Programs of ncnn: what it has no layer for is said, and its translator is held to limits."""

import pytest
import torch

from srcore.errors import WeightsError
from srcore.exporting import ncnn
from srcore.exporting.export import export_program
from srcore.weights.saving import GeneratorMetadata


class Whitened(torch.nn.Module):
    """Looks at whole images, for which ncnn has no layer."""

    scale, in_channels = 1, 3

    def forward(self, lr):
        return lr / torch.var(lr, (2, 3), keepdim=True)


@pytest.mark.slow
def test_operators_that_ncnn_lacks_are_named(tmp_path):
    with pytest.raises(
        WeightsError, match=r"some cannot be written as ncnn: ncnn has no torch\.var"
    ):
        export_program(Whitened(), tmp_path / "a.param", "ncnn", GeneratorMetadata("some", {}, 1))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("act", ["killed", "waits"])
def test_a_translation_that_takes_too_much_is_one_line(tmp_path, monkeypatch, act):
    program = tmp_path / "pnnx"
    program.write_text("#!/bin/sh\n" + ("kill -6 $$" if act == "killed" else "sleep 60") + "\n")
    program.chmod(0o755)
    monkeypatch.setattr(pytest.importorskip("pnnx"), "EXEC_PATH", str(program))
    monkeypatch.setattr(ncnn, "_SECONDS", 0.5)
    with pytest.raises(WeightsError, match=r"ncnn: pnnx ended with code -\d; it was given 8 GiB"):
        export_program(Whitened(), tmp_path / "a.param", "ncnn", GeneratorMetadata("some", {}, 1))
    assert list(tmp_path.iterdir()) == [program]
