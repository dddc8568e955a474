"""The command ``srcore upscale`` with a small network."""

import pytest
import torch

from srcore.cli.main import main
from srcore.testing.weights import write_weights

OPTIONS = {"num_features": 4, "num_blocks": 1}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny_x2.safetensors"
    write_weights(path, "edsr", **OPTIONS)
    return path


@pytest.fixture
def upscale(weights, tmp_path, monkeypatch, capsys):
    """Runs the command in a folder of its own: arguments -> (exit code, out, err)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["upscale", "--weights", str(weights), "--device", "cpu", *arguments])
        return (caught.value.code, *capsys.readouterr())

    return run
