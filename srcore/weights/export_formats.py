"""Program files of other runtimes: ONNX, TorchScript, torch.export."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from srcore.errors import MissingExtraError, WeightsError
from srcore.weights.saving import Metadata

#: Name of the metadata inside TorchScript and torch.export files.
EXTRA_FILE = "srcore.json"

Record = Callable[[nn.Module, Tensor, Metadata, int | None], bytes]


def _nothing() -> None:
    pass


@attrs.frozen
class Format:
    """A kind of program file.

    Attributes:
        endings: allowed endings of file names.
        record: (network, example image, metadata, opset or None) -> content of a file.
        load: content -> function from images to images.
        require: raises :class:`MissingExtraError` where packages are missing.
    """

    endings: tuple[str, ...]
    record: Record
    load: Callable[[bytes], Callable[[Tensor], Tensor]]
    require: Callable[[], None] = _nothing


def _entries(metadata: Metadata) -> dict[str, str]:
    return {name: text for name, text in metadata.to_text().items() if name != "format"}


def _require_onnx() -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise MissingExtraError("writing and checking ONNX", "onnx") from error


def _record_onnx(
    network: nn.Module, example: Tensor, metadata: Metadata, opset: int | None
) -> bytes:
    axes = {0: "batch", 2: "height", 3: "width"}
    program: Any = torch.onnx.export(
        network,
        (example,),
        dynamo=True,
        input_names=["lr"],
        output_names=["sr"],
        dynamic_shapes=(axes,),
        opset_version=opset,
        verbose=False,
    )
    model = program.model
    if opset not in (None, model.opset_imports[""]):
        raise WeightsError(
            f"opset {opset}: the network needs operators of {model.opset_imports['']}"
        )
    model.producer_name, model.producer_version = "srcore", metadata.version
    model.metadata_props.update(_entries(metadata))
    for node in model.graph.all_nodes():
        node.metadata_props.clear()  # traces with paths of the machine that wrote the file
    content: bytes = program.model_proto.SerializeToString()
    return content


def _load_onnx(content: bytes) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; hints on speed are no news here
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda lr: torch.from_numpy(session.run(["sr"], {"lr": lr.numpy()})[0])


def _record_torchscript(
    network: nn.Module, example: Tensor, metadata: Metadata, opset: int | None
) -> bytes:
    buffer = io.BytesIO()
    # The comparison that follows is stricter than trace's own, which repeats the example.
    traced: Any = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
    torch.jit.save(traced, buffer, {EXTRA_FILE: json.dumps(_entries(metadata))})
    return buffer.getvalue()


def _load_torchscript(content: bytes) -> Callable[[Tensor], Tensor]:
    program: Any = torch.jit.load(io.BytesIO(content))  # type: ignore[no-untyped-call]
    return lambda lr: program(lr)


def _record_torch_export(
    network: nn.Module, example: Tensor, metadata: Metadata, opset: int | None
) -> bytes:
    open_size = torch.export.Dim.DYNAMIC
    axes = {0: open_size, 2: open_size, 3: open_size}
    program = torch.export.export(network, (example,), dynamic_shapes=(axes,))
    for module in program.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            node.meta.pop("stack_trace", None)  # paths of the machine that wrote the file
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={EXTRA_FILE: json.dumps(_entries(metadata))})
    return buffer.getvalue()


def _load_torch_export(content: bytes) -> Callable[[Tensor], Tensor]:
    program: Any = torch.export.load(io.BytesIO(content)).module()
    return lambda lr: program(lr)


#: Program files by the name that users write.
FORMATS = {
    "onnx": Format((".onnx",), _record_onnx, _load_onnx, _require_onnx),
    "torchscript": Format((".pt", ".ts"), _record_torchscript, _load_torchscript),
    "torch_export": Format((".pt2",), _record_torch_export, _load_torch_export),
}
