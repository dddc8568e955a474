"""Programs that run without srcore: they are opened here by their own runtimes."""

import json
import sys

import pytest
import torch
from torch import nn

from srcore.cli.main import main
from srcore.converting.conversion import convert
from srcore.errors import DataError, MissingExtraError, WeightsError
from srcore.exporting.export import TOLERANCE, _agreement, export_obstacle, export_program
from srcore.exporting.programs import written_files
from srcore.files.replacing import ReplacedInputError
from srcore.networks.edsr import EDSR
from srcore.networks.msrresnet import MSRResNet
from srcore.networks.rrdbnet import RRDBNet
from srcore.networks.swinir import SwinIR
from srcore.plugin.manager import plugins
from srcore.weights.saving import GeneratorMetadata, save_safetensors

ENDINGS = {
    "onnx": ".onnx",
    "torchscript": ".pt",
    "torch_export": ".pt2",
    "ncnn": ".param",
    "openvino": ".xml",
}
SWINIR = {"img_size": 16, "window_size": 8, "embed_dim": 8, "depths": (2,), "num_heads": (2,)}
SMALL = {"num_features": 4, "num_blocks": 1}
NETWORKS = {
    "edsr_x2": (EDSR, {"scale": 2, **SMALL}),
    "edsr_x3": (EDSR, {"scale": 3, **SMALL}),
    "msrresnet_x4": (MSRResNet, {"scale": 4, **SMALL}),
    "rrdbnet_x1": (RRDBNet, {"scale": 1, **SMALL, "growth_channels": 3}),
    "rrdbnet_x2": (RRDBNet, {"scale": 2, **SMALL, "growth_channels": 3}),
    "rrdbnet_x4": (RRDBNet, {"scale": 4, **SMALL, "growth_channels": 3}),
    "swinir_x4": (SwinIR, {"scale": 4, **SWINIR}),
    "swinir_x2_direct": (
        SwinIR,
        {"scale": 2, **SWINIR, "upsampler": "pixelshuffledirect", "absolute_position": True},
    ),
    "swinir_x4_nearest": (SwinIR, {"scale": 4, **SWINIR, "upsampler": "nearest+conv"}),
}
#: Sizes beside those that the exporter tries itself: one window, all but square, padded or not.
SIZES = ((1, 17, 31), (2, 24, 16), (1, 40, 23))
#: They pad to whole windows or blocks; how far is not known before the image is.
BEYOND_NCNN = {name for name in NETWORKS if name.startswith(("swinir", "rrdbnet_x1", "rrdbnet_x2"))}
QUICK = {(to, "edsr_x2") for to in ENDINGS}


def cases():
    for to in ENDINGS:
        for name in NETWORKS:
            if to == "ncnn" and name in BEYOND_NCNN:
                continue
            # Recording with open sizes takes 5 to 60 seconds, whatever the size of the network.
            slow = to != "torchscript" and (to, name) not in QUICK
            yield pytest.param(to, name, marks=[pytest.mark.slow] if slow else [])


def build(name):
    kind, options = NETWORKS[name]
    torch.manual_seed(0)
    network = kind(**options).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            # Initial weights hardly use attention masks and position biases; these do.
            parameter.add_(torch.randn_like(parameter), alpha=0.2)
    return network, {key: value for key, value in options.items() if key != "scale"}


@pytest.mark.parametrize(("to", "name"), list(cases()))
def test_programs_compute_what_pytorch_computes_on_every_size(tmp_path, open_file, to, name):
    network, options = build(name)
    kind = name.split("_")[0]
    metadata = GeneratorMetadata(kind, options, network.scale)
    save_safetensors(
        tmp_path / "in.safetensors", network.state_dict(), metadata, registry=plugins().registry
    )
    target = tmp_path / f"out{ENDINGS[to]}"
    done = convert(tmp_path / "in.safetensors", target, to, registry=plugins().registry)
    assert (done.network, done.scale, done.target) == (kind, network.scale, to)
    assert done.agreement.difference <= TOLERANCE * done.agreement.largest
    assert len(set(done.agreement.sizes)) == 3
    program, said = open_file(target, to)
    for number, height, width in SIZES:
        lr = torch.rand(number, 3, height, width)
        with torch.no_grad():
            expected, got = network(lr), program(lr)
        assert got.shape == expected.shape
        assert (got - expected).abs().max() <= TOLERANCE * expected.abs().max()
    files = written_files(target, to)
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "in.safetensors", *files])
    if to == "ncnn":  # has no place for what it is
        return
    assert {key: said[key] for key in ("network", "scale", "srcore_version")} == {
        "network": kind,
        "scale": str(network.scale),
        "srcore_version": metadata.version,
    }
    written = json.loads(said["options"])
    assert all(written[key] == _as_json(value) for key, value in options.items())


@pytest.mark.parametrize("name", sorted(BEYOND_NCNN))
def test_what_pads_to_multiples_is_refused_by_ncnn_with_the_reason(tmp_path, name):
    network, options = build(name)
    with pytest.raises(WeightsError) as caught:
        export_program(network, tmp_path / "a.param", "ncnn", GeneratorMetadata("some", options, 4))
    start = (
        f"{tmp_path / 'a.param'}: some cannot be written as ncnn: it pads images to multiples of "
    )
    assert str(caught.value).startswith(start)
    assert not list(tmp_path.iterdir())


def test_both_files_of_a_program_are_kept_unless_replaced(tmp_path, capsys):
    (tmp_path / "a.bin").write_text("mine")
    with pytest.raises(SystemExit) as ended:
        main(["convert", "in.pth", str(tmp_path / "a.param"), "--to", "ncnn"])
    assert ended.value.code == 2
    assert "a.bin: exists; --overwrite replaces it" in capsys.readouterr().err
    with pytest.raises(ReplacedInputError):
        convert(tmp_path / "a.bin", tmp_path / "a.xml", "openvino", plugins().registry)
    assert (tmp_path / "a.bin").read_text() == "mine"


def _as_json(value):
    return list(value) if isinstance(value, tuple) else value


def test_onnx_names_its_axes_and_takes_the_wanted_operators(tmp_path):
    import onnx

    network, _ = build("edsr_x2")
    export_program(network, tmp_path / "a.onnx", "onnx", GeneratorMetadata("edsr", {}, 2), opset=19)
    model = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [entry.version for entry in model.opset_import if not entry.domain] == [19]
    (lr,), (sr,) = model.graph.input, model.graph.output
    assert _axes(lr) == ["batch", 3, "height", "width"]
    assert _axes(sr) == ["batch", 3, "2*height", "2*width"]
    assert b"swinir.py" not in model.SerializeToString()
    assert b"site-packages" not in model.SerializeToString()
    assert model.producer_name == "srcore"


def _axes(value):
    dims = value.type.tensor_type.shape.dim
    return [dim.dim_param or dim.dim_value for dim in dims]


class FixedWidth(nn.Module):
    """A network that takes the width out of the trace."""

    scale = 1

    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, lr):
        return self.of(lr, int(lr.shape[-1]))


NOTHING = GeneratorMetadata("fixed", {}, 1)


def refused(network, path, to):
    with pytest.raises(WeightsError) as caught:
        export_program(network, path, to, NOTHING)
    assert not list(path.parent.iterdir())
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: fixed cannot be written as {to}: ")
    return line


def test_a_recorded_size_is_found_by_the_shape(tmp_path):
    network = FixedWidth(lambda lr, width: lr.mean(-1, keepdim=True).expand(-1, -1, -1, width))
    line = refused(network, tmp_path / "a.ts", "torchscript")
    assert "the program makes 1x3x33x35 of 1x3x33x18; expected 1x3x33x18" in line


def test_a_recorded_number_is_found_by_the_values(tmp_path):
    network = FixedWidth(lambda lr, width: lr * width)
    line = refused(network, tmp_path / "a.ts", "torchscript")
    assert "results differ by 17 on 1x3x33x18; allowed 0.0018" in line


def test_a_program_that_fails_on_another_size_is_not_written(tmp_path):
    network = FixedWidth(lambda lr, width: lr + torch.zeros(width))
    line = refused(network, tmp_path / "a.ts", "torchscript")
    assert "recorded, but fails on 1x3x33x18: " in line
    assert "(RuntimeError)" in line


@pytest.mark.parametrize("to", ["torch_export", "onnx"])
def test_what_an_exporter_cannot_record_is_one_line(tmp_path, to):
    def by_content(lr, width):
        return lr if lr.sum() > 0 else -lr

    refused(FixedWidth(by_content), tmp_path / f"a{ENDINGS[to]}", to)


@pytest.mark.parametrize(("canceled", "passes"), [(0.0, False), (1e4, True), (1e7, False)])
def test_programs_may_differ_as_pytorch_does_from_exact_results(tmp_path, canceled, passes):
    # Eager PyTorch loses digits that the program, which is recorded once with `exact`, keeps.
    class Canceling(FixedWidth):
        exact = False

        def forward(self, lr):
            return lr + 4e-4 if self.exact else (lr + canceled) - canceled

    network = Canceling(None)
    program = Canceling(None)
    program.exact = True
    images = [torch.rand(1, 3, 9, 8)]
    if passes:
        assert 4e-4 <= _agreement("x", network, program, images).difference < 1.1e-3
    else:
        with pytest.raises(WeightsError, match=r"x: results differ by .* on 1x3x9x8; allowed"):
            _agreement("x", network, program, images)


def test_a_network_without_float64_is_held_to_the_usual_limit():
    class Single(nn.Module):
        def forward(self, lr):
            return nn.functional.conv2d(lr, torch.ones(3, 3, 1, 1))

    with pytest.raises(WeightsError, match=r"allowed 0\.000\d+"):
        _agreement("x", Single(), lambda lr: Single()(lr) + 1e-2, [torch.rand(1, 3, 9, 8)])


def test_results_that_are_no_numbers_are_refused(tmp_path):
    network = FixedWidth(lambda lr, width: lr / 0 - lr / 0)
    assert "results differ by nan" in refused(network, tmp_path / "a.ts", "torchscript")


def test_a_module_can_say_why_it_cannot_be_exported(tmp_path):
    network = FixedWidth(lambda lr, width: lr)
    network.inner = nn.Identity()
    network.inner.export_obstacle = "it talks to a satellite"
    for to, ending in ENDINGS.items():
        line = refused(network, tmp_path / f"a{ending}", to)
        assert line.endswith(f"{to}: it talks to a satellite")


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_missing_packages_are_named_before_any_work(tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    network, _ = build("edsr_x2")
    with pytest.raises(MissingExtraError, match=r"ONNX needs .* pip install 'srcore\[onnx\]'"):
        export_program(network, tmp_path / "a.onnx", "onnx", NOTHING)


def test_unfit_names_and_operators_are_refused(tmp_path):
    network, _ = build("edsr_x2")
    torch.save(network.state_dict(), tmp_path / "in.pth")
    for name, to, message in (
        ("a.pt", "onnx", r"a\.pt: expected a name that ends in \.onnx"),
        ("a.onnx", "torchscript", r"expected a name that ends in \.pt or \.ts"),
        ("a.pt", "torch_export", r"expected a name that ends in \.pt2"),
    ):
        with pytest.raises(WeightsError, match=message):
            convert(tmp_path / "in.pth", tmp_path / name, to, registry=plugins().registry)
    with pytest.raises(WeightsError, match="opset: means the operators of ONNX; torchscript has"):
        convert(
            tmp_path / "in.pth",
            tmp_path / "a.pt",
            "torchscript",
            opset=20,
            registry=plugins().registry,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["in.pth"]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    network, _ = build("edsr_x2")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written"):
        export_program(network, tmp_path / "file" / "a.ts", "torchscript", NOTHING)


def test_exported_files_are_told_from_weights(tmp_path):
    network, _ = build("edsr_x2")
    export_program(network, tmp_path / "a.ts", "torchscript", NOTHING)
    with pytest.raises(WeightsError, match="is a TorchScript program, which holds code"):
        convert(
            tmp_path / "a.ts",
            tmp_path / "b.safetensors",
            "safetensors",
            registry=plugins().registry,
        )


@pytest.mark.parametrize("ability", ["draw", "condition"])
def test_networks_that_see_more_than_the_image_are_refused(ability):
    network = nn.Conv2d(3, 3, 1)
    setattr(network, ability, lambda *given: None)
    assert export_obstacle(network).startswith(f"it sees more than the image ({ability})")


def test_nothing_is_written_over_while_rrdbnet_is_recorded():
    network = RRDBNet(num_features=4, num_blocks=1, growth_channels=4)
    program = torch.export.export(network, (torch.rand(1, 3, 8, 8),))
    assert "aten.leaky_relu.default" in program.graph_module.code
    assert "leaky_relu_.default" not in program.graph_module.code
