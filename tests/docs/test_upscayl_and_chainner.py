"""The commands of the page write files of the names that it says, which runtimes open."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from srcore.cli.convert import command
from srcore.networks.compact import Compact

PAGE = (Path(__file__).parents[2] / "docs/how-to/upscayl-and-chainner.md").read_text("utf-8")
UPSCAYL = re.search(r"^srcore (convert .*models/.*)$", PAGE, re.MULTILINE)[1]
CHAINNER = dict(
    re.findall(r"^\| Load Model \((\w+)\) \| `srcore (convert .*?)` \|", PAGE, re.MULTILINE)
)
#: Kernels of 16 bits beside those of 32, on values of about 1.
NEAR = {"fp16": 1 / 255, "fp32": 1e-5}


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    return Compact(scale=4, num_features=16, num_convs=2).eval()


def convert(network, line):
    """What the command reads is there, then it runs; what it says on standard error."""
    words = shlex.split(line)
    source = words[1]
    if source.endswith(".pth"):
        torch.save({"params": network.state_dict()}, source)
    else:
        save_file(network.state_dict(), source)
    result = CliRunner().invoke(command, words[1:])
    assert result.exit_code == 0
    return result.stderr


def by_ncnn(path, image):
    ncnn = pytest.importorskip("ncnn")
    net = ncnn.Net()
    assert (net.load_param(f"{path}.param"), net.load_model(f"{path}.bin")) == (0, 0)
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(image[0].numpy()).clone())
    return torch.from_numpy(np.array(extractor.extract("output")[1]))[None]


def by_spandrel(path, image):
    spandrel = pytest.importorskip("spandrel")
    model = spandrel.ModelLoader().load_from_file(f"{path}.safetensors").eval()
    assert (model.architecture.id, model.scale) == ("Compact", 4)
    return model(image)


def by_onnx(path, image):
    session = pytest.importorskip("onnxruntime").InferenceSession(f"{path}.onnx")
    return torch.from_numpy(session.run(["sr"], {"lr": image.numpy()})[0])


def apart(network, run):
    image = torch.rand(1, 3, 18, 25)
    with torch.no_grad():
        return float((run(image) - network(image).clamp(0, 1)).abs().max())


def test_upscayls_folder_is_called_models_and_holds_two_files_of_one_name(network, tmp_path):
    convert(network, UPSCAYL)
    assert sorted(it.name for it in (tmp_path / "models").iterdir()) == [
        "my-model-x4.bin",
        "my-model-x4.param",
    ]
    for name in ("models/my-model-x4.param", "models/my-model-x4.bin"):
        assert f"`{name}`" in PAGE
    run = lambda image: by_ncnn("models/my-model-x4", image).clamp(0, 1)  # noqa: E731 - one line
    assert apart(network, run) <= NEAR["fp16"]


@pytest.mark.parametrize(
    ("node", "run", "files"),
    [
        ("PyTorch", by_spandrel, ["my_x4.safetensors"]),
        ("NCNN", by_ncnn, ["my-model-x4.bin", "my-model-x4.param"]),
        pytest.param("ONNX", by_onnx, ["my_x4.onnx"], marks=pytest.mark.slow),
    ],
)
def test_chainners_nodes_have_files_that_open(network, tmp_path, node, run, files):
    convert(network, CHAINNER[node])
    assert sorted(it.name for it in tmp_path.iterdir() if it.name != "my.pth") == files
    assert all(f"`{name}`" in PAGE for name in files)
    path = tmp_path / Path(files[0]).stem
    assert apart(network, lambda image: run(path, image).clamp(0, 1)) <= NEAR["fp32"]


@pytest.mark.parametrize(
    ("name", "scale", "said"),
    [
        ("a.param", 4, ""),
        ("4x_a.param", 4, ""),
        ("a-x2.param", 2, ""),
        ("a_2X.param", 2, ""),
        (
            "a.param",
            2,
            "for x4 by its name; the network is x2; put x2 into the name",
        ),
        ("a_x3.param", 4, "for x3 by its name; the network is x4; put x4 into the name"),
    ],
)
@pytest.mark.usefixtures("network")
def test_a_name_that_tells_another_scale_is_said(name, scale, said):
    pytest.importorskip("ncnn")
    other = Compact(scale=scale, num_features=8, num_convs=1).eval()
    stderr = convert(other, f"convert in.pth {name} --to ncnn")
    notes = [line for line in stderr.splitlines() if "Upscayl" in line]
    assert notes == ([f"srcore: {name}: Upscayl takes it {said}"] if said else [])
