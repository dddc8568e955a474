"""Contents of programs; numbers of 16 or 8 bits instead of 32 take half the size, or less time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from torch import Tensor, nn

from srcore.exporting import ncnn, openvino
from srcore.exporting.formats import FORMATS, metadata_entries
from srcore.exporting.quantizing import quantize_program
from srcore.weights.saving import GeneratorMetadata


@attrs.frozen(eq=False)
class ExportRequest:
    """What is written as a program.

    Attributes:
        network: with its weights.
        example: image ``(1, C, H, W)`` in [0, 1].
        metadata: what the program says of itself.
        opset: of ONNX, if one was asked for.
        calibration: images by which the steps of 8 bits are chosen.
    """

    network: nn.Module
    example: Tensor
    metadata: GeneratorMetadata
    opset: int | None
    calibration: Sequence[Tensor]

    def whole(self, to: str) -> list[bytes]:
        """Contents of a format's files in 32 bits."""
        return FORMATS[to].record(self.network, self.example, self.metadata, self.opset)

    def contents(self, to: str, precision: str) -> list[bytes]:
        """Contents of a format's files in a precision that it holds."""
        return self.whole(to) if precision == "fp32" else REDUCED[to, precision](self)


def _onnx_fp16(it: ExportRequest) -> list[bytes]:
    """Weights and arithmetic in 16 bits; images go in and come out in 32."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    (program,) = it.whole("onnx")
    model: Any = convert_float_to_float16(onnx.load_from_string(program), keep_io_types=True)
    return [model.SerializeToString()]


def _onnx_int8(it: ExportRequest) -> list[bytes]:
    (program,) = it.whole("onnx")
    return [quantize_program(program, it.calibration)]


def _openvino_fp16(it: ExportRequest) -> list[bytes]:
    """Weights in 16 bits; OpenVINO computes in what its device is best at."""
    contents = it.whole("openvino")
    return openvino.saved_again(contents, metadata_entries(it.metadata), to_fp16=True)


def _openvino_int8(it: ExportRequest) -> list[bytes]:
    FORMATS["onnx"].require()
    (program,) = _onnx_int8(it)
    return openvino.saved_again([program, b""], metadata_entries(it.metadata), to_fp16=False)


def _ncnn_fp16(it: ExportRequest) -> list[bytes]:
    """Kernels in 16 bits, as ncnn's own tools write them."""
    return ncnn.record_program(it.network, it.example, half=True)


#: By format and precision.
REDUCED: dict[tuple[str, str], Callable[[ExportRequest], list[bytes]]] = {
    ("onnx", "fp16"): _onnx_fp16,
    ("onnx", "int8"): _onnx_int8,
    ("openvino", "fp16"): _openvino_fp16,
    ("openvino", "int8"): _openvino_int8,
    ("ncnn", "fp16"): _ncnn_fp16,
}
