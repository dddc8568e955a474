import json

import pytest
import torch
from click.testing import CliRunner

from srcore.cli.convert import command
from srcore.networks.edsr import EDSR


@pytest.fixture
def edsr(tmp_path):
    path = tmp_path / "in.pth"
    torch.save({"params": EDSR(scale=2, num_features=4, num_blocks=1).state_dict()}, path)
    return path


def test_the_result_is_one_line(edsr, tmp_path):
    out = tmp_path / "out.pt"
    result = CliRunner().invoke(command, [str(edsr), str(out), "--to", "edsr_pytorch"])
    expected = f"{edsr} (edsr x2, edsr_basicsr, entry params) -> {out} (edsr_pytorch)\n"
    assert (result.exit_code, result.output) == (0, expected)


def test_the_result_as_json(edsr, tmp_path):
    out = tmp_path / "out.safetensors"
    arguments = [str(edsr), str(out), "--to", "safetensors", "--json"]
    result = CliRunner().invoke(command, arguments)
    assert json.loads(result.output) == {
        "network": "edsr",
        "scale": 2,
        "source_dialect": "edsr_basicsr",
        "key": "params",
        "target": "safetensors",
        "source": str(edsr),
        "out": str(out),
    }


def test_nothing_is_overwritten_unless_asked(edsr, tmp_path):
    out = tmp_path / "out.pth"
    out.write_bytes(b"precious")
    arguments = [str(edsr), str(out), "--to", "basicsr"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert "out.pth exists; choose another name or add --overwrite" in result.output
    assert out.read_bytes() == b"precious"
    assert CliRunner().invoke(command, [*arguments, "--overwrite"]).exit_code == 0
    assert out.read_bytes() != b"precious"


def test_help_ends_with_examples():
    output = CliRunner().invoke(command, ["--help"]).output
    assert "srcore convert RRDB_ESRGAN_x4_old_arch.pth esrgan.safetensors" in output
