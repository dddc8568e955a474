"""Programs whose numbers have 16 or 8 bits instead of 32: half the size, or less time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from srcore.weights import export_ncnn, export_openvino
from srcore.weights.export_formats import FORMATS, entries_of
from srcore.weights.quantizing import quantized
from srcore.weights.saving import GeneratorMetadata

#: (network, example image, metadata, opset, calibration images) -> contents of the files.
RecordReduced = Callable[
    [nn.Module, Tensor, GeneratorMetadata, "int | None", Sequence[Tensor]], list[bytes]
]


def _onnx_fp16(
    network: nn.Module,
    example: Tensor,
    metadata: GeneratorMetadata,
    opset: int | None,
    calibration: Sequence[Tensor],
) -> list[bytes]:
    """Weights and arithmetic in 16 bits; images go in and come out in 32."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    (program,) = FORMATS["onnx"].record(network, example, metadata, opset)
    model: Any = convert_float_to_float16(onnx.load_from_string(program), keep_io_types=True)
    return [model.SerializeToString()]


def _onnx_int8(
    network: nn.Module,
    example: Tensor,
    metadata: GeneratorMetadata,
    opset: int | None,
    calibration: Sequence[Tensor],
) -> list[bytes]:
    (program,) = FORMATS["onnx"].record(network, example, metadata, opset)
    return [quantized(program, calibration)]


def _openvino_fp16(
    network: nn.Module,
    example: Tensor,
    metadata: GeneratorMetadata,
    opset: int | None,
    calibration: Sequence[Tensor],
) -> list[bytes]:
    """Weights in 16 bits; OpenVINO computes in what its device is best at."""
    contents = FORMATS["openvino"].record(network, example, metadata, opset)
    return export_openvino.saved_again(contents, entries_of(metadata), to_fp16=True)


def _openvino_int8(
    network: nn.Module,
    example: Tensor,
    metadata: GeneratorMetadata,
    opset: int | None,
    calibration: Sequence[Tensor],
) -> list[bytes]:
    FORMATS["onnx"].require()
    (program,) = _onnx_int8(network, example, metadata, opset, calibration)
    return export_openvino.saved_again([program, b""], entries_of(metadata), to_fp16=False)


def _ncnn_fp16(
    network: nn.Module,
    example: Tensor,
    metadata: GeneratorMetadata,
    opset: int | None,
    calibration: Sequence[Tensor],
) -> list[bytes]:
    """Kernels in 16 bits, as ncnn's own tools write them."""
    return export_ncnn.record(network, example, half=True)


#: By format and precision.
REDUCED: dict[tuple[str, str], RecordReduced] = {
    ("onnx", "fp16"): _onnx_fp16,
    ("onnx", "int8"): _onnx_int8,
    ("openvino", "fp16"): _openvino_fp16,
    ("openvino", "int8"): _openvino_int8,
    ("ncnn", "fp16"): _ncnn_fp16,
}
