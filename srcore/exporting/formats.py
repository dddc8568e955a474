"""Program files of other runtimes: ONNX, TorchScript, torch.export; ncnn and OpenVINO beside."""

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
from srcore.exporting import ncnn, openvino
from srcore.weights.saving import GeneratorMetadata

#: Name of the metadata inside TorchScript and torch.export files.
EXTRA_FILE = "srcore.json"

Record = Callable[[nn.Module, Tensor, GeneratorMetadata, int | None], list[bytes]]


def _nothing_needed() -> None:
    pass


@attrs.frozen
class Format:
    """A kind of program file.

    Attributes:
        record: (network, example image, metadata, opset or None) -> contents of its files, in the
            order of :meth:`srcore.exporting.programs.ProgramFiles.of`.
        load: contents -> function from images to images.
        require: raises :class:`MissingExtraError` where packages are missing.
        is_batched: takes several images at once.
    """

    record: Record
    load: Callable[[list[bytes]], Callable[[Tensor], Tensor]]
    require: Callable[[], None] = _nothing_needed
    is_batched: bool = True


def metadata_entries(metadata: GeneratorMetadata) -> dict[str, str]:
    """What a program says of itself, under the names of a safetensors file."""
    return {name: text for name, text in metadata.to_text().items() if name != "format"}


def _require_onnx() -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise MissingExtraError("writing and checking ONNX", "onnx") from error


def _record_onnx(
    network: nn.Module, example: Tensor, metadata: GeneratorMetadata, opset: int | None
) -> list[bytes]:
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
    model.metadata_props.update(metadata_entries(metadata))
    for node in model.graph.all_nodes():
        node.metadata_props.clear()  # traces with paths of the machine that wrote the file
    return [program.model_proto.SerializeToString()]


def _load_onnx(contents: list[bytes]) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; hints on speed are no news here
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(contents[0], options, providers=["CPUExecutionProvider"])
    return lambda lr: torch.from_numpy(session.run(["sr"], {"lr": lr.numpy()})[0])


def _record_torchscript(
    network: nn.Module, example: Tensor, metadata: GeneratorMetadata, opset: int | None
) -> list[bytes]:
    buffer = io.BytesIO()
    # The comparison that follows is stricter than trace's own, which repeats the example.
    traced: Any = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]  # torch's
    torch.jit.save(traced, buffer, {EXTRA_FILE: json.dumps(metadata_entries(metadata))})
    return [buffer.getvalue()]


def _load_torchscript(contents: list[bytes]) -> Callable[[Tensor], Tensor]:
    program: Any = torch.jit.load(io.BytesIO(contents[0]))  # type: ignore[no-untyped-call]  # torch's
    return lambda lr: program(lr)


def _record_torch_export(
    network: nn.Module, example: Tensor, metadata: GeneratorMetadata, opset: int | None
) -> list[bytes]:
    open_size = torch.export.Dim.DYNAMIC
    axes = {0: open_size, 2: open_size, 3: open_size}
    program = torch.export.export(network, (example,), dynamic_shapes=(axes,))
    for module in program.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            node.meta.pop("stack_trace", None)  # paths of the machine that wrote the file
    buffer = io.BytesIO()
    torch.export.save(
        program, buffer, extra_files={EXTRA_FILE: json.dumps(metadata_entries(metadata))}
    )
    return [buffer.getvalue()]


def _load_torch_export(contents: list[bytes]) -> Callable[[Tensor], Tensor]:
    program: Any = torch.export.load(io.BytesIO(contents[0])).module()
    return lambda lr: program(lr)


#: How programs are recorded and loaded, by the names of :data:`srcore.exporting.programs.PROGRAMS`.
FORMATS = {
    "onnx": Format(_record_onnx, _load_onnx, _require_onnx),
    "torchscript": Format(_record_torchscript, _load_torchscript),
    "torch_export": Format(_record_torch_export, _load_torch_export),
    "ncnn": Format(
        lambda network, example, *_: ncnn.record_program(network, example),
        ncnn.load_program,
        ncnn.require,
        is_batched=False,
    ),
    "openvino": Format(
        lambda network, example, metadata, _: openvino.record_program(
            network, example, metadata_entries(metadata)
        ),
        openvino.load_program,
        openvino.openvino,
    ),
}
