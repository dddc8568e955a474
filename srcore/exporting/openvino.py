"""Programs of OpenVINO: a description (.xml) and its weights (.bin)."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from srcore.errors import MissingExtraError
from srcore.machine.signal_stack import handle_signals_on_the_usual_stack

_TELEMETRY = "openvino_telemetry"


def openvino() -> Any:
    """The package, without its telemetry.

    It sends and keeps statistics of its use where ``openvino_telemetry`` can be imported, and does
    without where it cannot.

    Raises:
        MissingExtraError: it is not installed.
    """
    held = sys.modules.get(_TELEMETRY)
    modules: dict[str, Any] = sys.modules
    modules[_TELEMETRY] = None  # cannot be imported
    try:
        return importlib.import_module("openvino")
    except ImportError:
        raise MissingExtraError("writing and checking OpenVINO's programs", "openvino") from None
    finally:
        del modules[_TELEMETRY]
        if held is not None:
            modules[_TELEMETRY] = held


def record_program(network: nn.Module, example: Tensor, entries: Mapping[str, str]) -> list[bytes]:
    """Contents of the two files, which hold the entries; weights stay float32.

    The example is ``(1, C, H, W)`` in [0, 1].
    """
    package, channels = openvino(), example.shape[1]
    size = package.PartialShape([-1, channels, -1, -1])
    model = package.convert_model(network, example_input=example, input=[size])
    model.inputs[0].get_tensor().set_names({"lr"})
    model.outputs[0].get_tensor().set_names({"sr"})
    return _saved_model(_with_entries(model, entries), to_fp16=False)


def saved_again(contents: list[bytes], entries: Mapping[str, str], *, to_fp16: bool) -> list[bytes]:
    """The two files of a program, of ONNX too, whose weights may be rounded to 16 bits."""
    return _saved_model(
        _with_entries(openvino().Core().read_model(*contents), entries), to_fp16=to_fp16
    )


def _with_entries(model: Any, entries: Mapping[str, str]) -> Any:
    """The model, which holds what is said of it."""
    for name, text in entries.items():
        model.set_rt_info(text, ["srcore", name])
    return model


def _saved_model(model: Any, *, to_fp16: bool) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.xml"
        openvino().save_model(model, path, compress_to_fp16=to_fp16)
        return [path.read_bytes(), path.with_suffix(".bin").read_bytes()]


def load_program(contents: list[bytes]) -> Callable[[Tensor], Tensor]:
    """The program on this machine's CPU, in float32."""
    core = openvino().Core()
    threads = torch.get_num_threads()
    settings: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
    }
    program = core.compile_model(core.read_model(*contents), "CPU", settings)
    handle_signals_on_the_usual_stack()
    return lambda lr: torch.from_numpy(program([lr.numpy()])[0].copy())
