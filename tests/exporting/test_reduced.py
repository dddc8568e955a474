"""Programs of fewer bits are smaller, and near."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from srcore.converting.conversion import convert
from srcore.errors import WeightsError
from srcore.exporting.export import _agreement
from srcore.exporting.programs import written_files
from srcore.images import write_image
from srcore.networks.edsr import EDSR
from srcore.plugin.manager import plugins

ENDINGS = {"onnx": ".onnx", "ncnn": ".param", "openvino": ".xml"}


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
def test_numbers_of_fewer_bits_are_smaller_files_and_near(tmp_path, open_file, to, precision):
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
            tmp_path / "in.pth",
            target,
            to,
            plugins().registry,
            precision=written,
            calibration=given,
        )
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
            "in.pth",
            "out",
            to,
            plugins().registry,
            precision=precision,
            calibration=calibration and Path(calibration),
        )


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
