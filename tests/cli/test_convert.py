import json
import re

import pytest
import torch
from click.testing import CliRunner

from srcore.cli.convert import command
from srcore.files.occupied import OccupiedError
from srcore.networks.edsr import EDSR
from srcore.plugin.manager import PluginManager
from srcore.testing.weights import write_weights


@pytest.fixture
def edsr(tmp_path):
    path = tmp_path / "in.pth"
    torch.save({"params": EDSR(scale=2, num_features=4, num_blocks=1).state_dict()}, path)
    return path


def test_the_result_is_one_line(edsr, tmp_path):
    out = tmp_path / "out.pt"
    result = CliRunner().invoke(command, [str(edsr), str(out), "--to", "edsr_pytorch"])
    expected = f"{edsr} (edsr x2, edsr_basicsr, entry params) -> {out} (edsr_pytorch)\n"
    assert (result.exit_code, result.stdout) == (0, expected)


def test_where_spandrel_does_not_open_it_the_reason_is_said(edsr, tmp_path):
    out = tmp_path / "out.safetensors"
    result = CliRunner().invoke(command, [str(edsr), str(out), "--to", "safetensors"])
    assert result.stderr == (
        f"srcore: {out}: spandrel, on which chaiNNer and others stand, does not open it: "
        "it has no EDSR; --to onnx or ncnn makes a program\n"
    )


def test_the_result_as_json(edsr, tmp_path):
    out = tmp_path / "out.safetensors"
    arguments = [str(edsr), str(out), "--to", "safetensors", "--json"]
    result = CliRunner().invoke(command, arguments)
    assert json.loads(result.stdout) == {
        "network": "edsr",
        "scale": 2,
        "source_dialect": "edsr_basicsr",
        "key": "params",
        "target": "safetensors",
        "closed": "it has no EDSR",
        "source": str(edsr),
        "out": str(out),
    }


def test_nothing_is_overwritten_unless_asked(edsr, tmp_path):
    out = tmp_path / "out.pth"
    out.write_bytes(b"precious")
    arguments = [str(edsr), str(out), "--to", "basicsr"]
    result = CliRunner().invoke(command, arguments)
    assert str(result.exception) == f"{out}: exists; --overwrite replaces it"
    assert out.read_bytes() == b"precious"
    assert CliRunner().invoke(command, [*arguments, "--overwrite"]).exit_code == 0
    assert out.read_bytes() != b"precious"


def test_help_ends_with_examples():
    output = CliRunner().invoke(command, ["--help"]).output
    assert "srcore convert RRDB_ESRGAN_x4_old_arch.pth esrgan.safetensors" in output


def test_an_exported_program_is_reported_with_the_comparison(edsr, tmp_path):
    out = tmp_path / "out.ts"
    result = CliRunner().invoke(command, [str(edsr), str(out), "--to", "torchscript"])
    first, second = result.stdout.splitlines()
    assert first == f"{edsr} (edsr x2, edsr_basicsr, entry params) -> {out} (torchscript)"
    assert second.startswith(
        "same as PyTorch on 1x3x33x18, 3x3x19x48 and 1x3x32x39: largest difference "
    )
    arguments = [str(edsr), str(out), "--to", "torchscript", "--overwrite", "--json"]
    recording, comparing = result.stderr.splitlines()
    assert recording == "srcore: recording edsr as torchscript"
    assert comparing.startswith("srcore: comparing ")
    assert comparing.endswith(" MiB with PyTorch on 3 sizes")
    written = json.loads(CliRunner().invoke(command, arguments).stdout)
    assert written["target"] == "torchscript"
    assert written["agreement"]["sizes"] == [[1, 3, 33, 18], [3, 3, 19, 48], [1, 3, 32, 39]]
    assert written["agreement"]["difference"] <= 1e-4 * written["agreement"]["largest"]


def test_a_refused_export_leaves_the_old_file(edsr, tmp_path):
    out = tmp_path / "out.pt2"
    out.write_bytes(b"precious")
    arguments = [str(edsr), str(out), "--to", "torch_export"]
    assert isinstance(CliRunner().invoke(command, arguments).exception, OccupiedError)
    wrong = [str(edsr), str(out), "--to", "onnx", "--overwrite"]
    result = CliRunner().invoke(command, wrong)
    assert str(result.exception) == f"{out}: expected a name that ends in .onnx"
    assert out.read_bytes() == b"precious"


def test_opset_belongs_to_onnx(edsr, tmp_path):
    arguments = [str(edsr), str(tmp_path / "a.ts"), "--to", "torchscript", "--opset", "20"]
    result = CliRunner().invoke(command, arguments)
    assert (result.exit_code, "--opset goes with --to onnx" in result.output) == (2, True)


def test_options_that_are_lost_are_named(tmp_path, capsys):
    unusual = {"num_features": 4, "num_blocks": 1, "img_range": 1.0}
    source = tmp_path / "unusual.safetensors"
    write_weights(source, "edsr", **unusual)
    target = tmp_path / "out.pth"
    command([str(source), str(target), "--to", "basicsr", "--json"], standalone_mode=False)
    shown = capsys.readouterr()
    assert shown.err.splitlines()[0] == (
        f"srcore: warning: {target}: edsr_basicsr cannot say img_range = 1.0; whoever reads the "
        "file assumes 255.0 and must be told"
    )
    assert json.loads(shown.out)["lost"] == {"img_range": [1.0, 255.0]}


def test_the_help_names_every_dialect_of_the_core():
    [option] = [it for it in command.params if it.name == "to"]
    core = PluginManager(discover=False).registry.dialects()
    assert len(core) > 7
    unsaid = [
        name
        for name in core
        if not {name, name.partition("_")[2]} & {*re.findall(r"\w+", option.help)}
    ]
    assert unsaid == []
