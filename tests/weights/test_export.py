"""Programs that run without srcore: they are opened here by their own runtimes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from srcore.cli.main import main
from srcore.errors import DataError, MissingExtraError, WeightsError
from srcore.files.replacing import ReplacedInputError
from srcore.images import write_image
from srcore.networks.edsr import EDSR
from srcore.networks.msrresnet import MSRResNet
from srcore.networks.rrdbnet import RRDBNet
from srcore.networks.swinir import SwinIR
from srcore.plugin.manager import plugins
from srcore.weights import export_ncnn, export_openvino
from srcore.weights.conversion import convert
from srcore.weights.export import TOLERANCE, _agreement, export_obstacle, export_program
from srcore.weights.programs import written_files
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


def open_file(path, to):
    """The program and the metadata of a file, without srcore."""
    if to == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        metadata = session.get_modelmeta().custom_metadata_map
        return lambda lr: torch.from_numpy(session.run(None, {"lr": lr.numpy()})[0]), metadata
    if to == "ncnn":
        return open_ncnn(path), {}
    if to == "openvino":
        openvino = export_openvino.openvino()
        model = openvino.Core().read_model(path)
        program = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        said = {
            key: value.astype(str)
            for key, value in model.get_rt_info("srcore").astype(dict).items()
        }
        return lambda lr: torch.from_numpy(program({"lr": lr.numpy()})["sr"].copy()), said
    extra = {"srcore.json": ""}
    if to == "torchscript":
        with pytest.warns(FutureWarning, match="deprecated"):
            program = torch.jit.load(path, _extra_files=extra)
    else:
        program = torch.export.load(path, extra_files=extra).module()
    return program, json.loads(extra["srcore.json"])


def open_ncnn(path):
    import ncnn

    net = ncnn.Net()
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(net.opt, name, False)
    assert (net.load_param(str(path)), net.load_model(str(path.with_suffix(".bin")))) == (0, 0)

    def one(image):
        extractor = net.create_extractor()
        extractor.input("data", ncnn.Mat(image.contiguous().numpy()).clone())
        return torch.from_numpy(np.array(extractor.extract("output")[1]))

    return lambda lr: torch.stack([one(image) for image in lr])


@pytest.mark.parametrize(("to", "name"), list(cases()))
def test_programs_compute_what_pytorch_computes_on_every_size(tmp_path, to, name):
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
    monkeypatch.setattr(export_ncnn, "_SECONDS", 0.5)
    with pytest.raises(WeightsError, match=r"ncnn: pnnx ended with code -\d; it was given 8 GiB"):
        export_program(Whitened(), tmp_path / "a.param", "ncnn", GeneratorMetadata("some", {}, 1))
    assert list(tmp_path.iterdir()) == [program]


def test_both_files_of_a_program_are_kept_unless_replaced(tmp_path, capsys):
    (tmp_path / "a.bin").write_text("mine")
    with pytest.raises(SystemExit) as ended:
        main(["convert", "in.pth", str(tmp_path / "a.param"), "--to", "ncnn"])
    assert ended.value.code == 2
    assert "a.bin exists; choose another name or add --overwrite" in capsys.readouterr().err
    with pytest.raises(ReplacedInputError):
        convert(tmp_path / "a.bin", tmp_path / "a.xml", "openvino", plugins().registry)
    assert (tmp_path / "a.bin").read_text() == "mine"


def test_openvino_is_used_without_its_telemetry():
    """In a new process: the package looks for it when it is first imported."""
    code = "from srcore.weights.export_openvino import openvino; import sys; openvino().Core();"
    code += "print([name for name in sys.modules if 'openvino_telemetry' in name])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


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


def _calibrated(folder):
    for number in range(2):
        picture = np.random.default_rng(number).integers(0, 256, (30, 40, 3), np.uint8)
        write_image(folder / f"{number}.png", picture)
    return folder


@pytest.mark.parametrize(
    ("to", "precision"),
    [
        ("ncnn", "fp16"),
        ("openvino", "fp16"),
        pytest.param("onnx", "fp16", marks=pytest.mark.slow),
        pytest.param("onnx", "int8", marks=pytest.mark.slow),
        pytest.param("openvino", "int8", marks=pytest.mark.slow),
    ],
)
def test_numbers_of_fewer_bits_are_smaller_files_and_near(tmp_path, to, precision):
    torch.manual_seed(0)
    options = {"num_features": 48, "num_blocks": 4}  # graphs are small beside weights
    network = EDSR(scale=2, **options).eval()
    torch.save(network.state_dict(), tmp_path / "in.pth")
    (tmp_path / "images").mkdir()
    calibration = _calibrated(tmp_path / "images") if precision == "int8" else None
    sizes, told = {}, {}
    for written, given in (("fp32", None), (precision, calibration)):
        target = tmp_path / f"{written}{ENDINGS[to]}"
        done = convert(
            tmp_path / "in.pth", target, to, plugins().registry, precision=written,
            calibration=given,
        )  # fmt: skip
        sizes[written] = sum(path.stat().st_size for path in written_files(target, to))
        program, told[written] = open_file(target, to)
    assert sizes[precision] < 0.8 * sizes["fp32"]
    assert told["fp32"].items() <= told[precision].items()  # quantizers add theirs
    assert 0 < done.agreement.root_mean_square <= done.agreement.difference
    lr = torch.rand(1, 3, 21, 34)
    with torch.no_grad():
        expected, got = network(lr), program(lr)
    assert 0 < (got - expected).abs().max() < (1 / 255 if precision == "fp16" else 0.1)


@pytest.mark.parametrize(
    ("to", "precision", "calibration", "message"),
    [
        ("ncnn", "int8", "a", "srcore writes ncnn with fp32 or fp16; onnx and openvino hold int8"),
        ("torchscript", "fp16", None, "srcore writes torchscript with fp32; onnx and ncnn and"),
        ("safetensors", "fp16", None, "srcore writes safetensors with fp32; "),
        ("onnx", "int8", None, "--precision int8 and --calibration FOLDER, images such as those"),
        ("onnx", "fp16", "a", "--precision int8 and --calibration FOLDER"),
    ],
)
def test_precisions_that_a_format_does_not_hold_are_refused(to, precision, calibration, message):
    with pytest.raises(WeightsError, match=message):
        convert(
            "in.pth", "out", to, plugins().registry, precision=precision,
            calibration=calibration and Path(calibration),
        )  # fmt: skip


@pytest.mark.parametrize(("precision", "apart", "passes"), [
    ("fp16", 3e-3, True), ("fp16", 6e-3, False), ("int8", 0.03, True), ("int8", 0.1, False),
])  # fmt: skip
def test_fewer_bits_may_differ_by_so_much(precision, apart, passes):
    network = nn.Identity()
    images = [torch.ones(1, 3, 9, 8)]
    if passes:
        agreement = _agreement("x", network, lambda lr: lr + apart, images, precision)
        assert agreement.root_mean_square == pytest.approx(apart, rel=1e-3)
    else:
        with pytest.raises(WeightsError, match=r"results differ by .*; it needs more than"):
            _agreement("x", network, lambda lr: lr + apart, images, precision)
