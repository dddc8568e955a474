"""Programs of ncnn, which Upscayl, chaiNNer and others run on any GPU: .param and .bin.

Networks of convolutions are written by :mod:`srcore.exporting.ncnn_program`, others translated by
pnnx. The blobs bear the names that those programs ask for.
"""

from __future__ import annotations

import contextlib
import logging
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from srcore.errors import MissingExtraError, WeightsError
from srcore.exporting.ncnn_layers import NoLayerError
from srcore.exporting.ncnn_program import description_and_weights
from srcore.networks.padding import for_fitting_images
from srcore.recording.operations import NotByRowsError
from srcore.recording.recording import record as recorded_calls

logger = logging.getLogger("srcore")

#: What programs call the image that they give and the one that they take.
INPUT, OUTPUT = "data", "output"
#: pnnx takes all memory there is for some networks (RRDBNet with more than 20 blocks).
_MEMORY, _SECONDS = 8 << 30, 600


def require() -> None:
    """Do nothing where all is installed that it needs.

    Raises:
        MissingExtraError: a package is not installed.
    """
    try:
        import ncnn  # noqa: F401 - whether it is there
        import pnnx  # noqa: F401 - whether it is there
    except ImportError:
        raise MissingExtraError("writing and checking ncnn's programs", "ncnn") from None


def record_program(network: nn.Module, example: Tensor, *, half: bool = False) -> list[bytes]:
    """Contents of the two files, for single images of any size.

    The example is ``(1, C, H, W)`` in [0, 1].

    Args:
        network: in evaluation mode.
        example: an image that it takes.
        half: kernels are kept in float16.

    Raises:
        WeightsError: pnnx cannot translate the network.
    """
    try:
        return description_and_weights(recorded_calls(network, example), INPUT, OUTPUT, half=half)
    except (NoLayerError, NotByRowsError) as reason:
        logger.debug("%s is translated by pnnx: %s", type(network).__name__, reason)
    return _translated(network, example, half=half)


def _translated(network: nn.Module, example: Tensor, *, half: bool) -> list[bytes]:
    import pnnx

    other = example.shape[0], example.shape[1], example.shape[2] + 6, example.shape[3] + 4
    with tempfile.TemporaryDirectory() as folder:
        recorded = Path(folder) / "program.pt"
        with for_fitting_images():
            traced: Any = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]  # torch's
        torch.jit.save(traced, recorded)
        shapes = [f"[{','.join(map(str, shape))}]f32" for shape in (example.shape, other)]
        command = [pnnx.EXEC_PATH, recorded.name, f"inputshape={shapes[0]}"]
        command += [f"inputshape2={shapes[1]}", f"fp16={int(half)}"]
        code = _run_limited(command, folder)
        param, weights = (recorded.with_suffix(f".ncnn.{it}") for it in ("param", "bin"))
        if code or not (param.exists() and weights.exists()):
            limits = f"{_MEMORY >> 30} GiB of memory and {_SECONDS // 60} minutes"
            raise WeightsError(f"pnnx ended with code {code}; it was given {limits}")
        return [_with_usual_blobs(param.read_text("utf-8")).encode(), weights.read_bytes()]


def _run_limited(command: list[str], folder: str) -> int:
    """Run a program within limits of memory and time; its exit code."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            preexec_fn=_limit_memory,
        ).returncode
    except subprocess.TimeoutExpired:
        return -9


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows; a lower limit is set
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _with_usual_blobs(text: str) -> str:
    """The description of a program with the names of blobs that other programs ask for.

    Raises:
        WeightsError: operators that ncnn has not.
    """
    strange = sorted(
        set(re.findall(r"^((?:aten|prim|pnnx|torch|nn|F|Tensor)[.:]\S+)", text, re.MULTILINE))
    )
    if strange:
        raise WeightsError(f"ncnn has no {', '.join(strange)}")
    return re.sub(r"\bin0\b", INPUT, re.sub(r"\bout0\b", OUTPUT, text))


def load_program(contents: list[bytes]) -> Callable[[Tensor], Tensor]:
    """The program on this machine's CPU, in float32.

    Raises:
        WeightsError: ncnn cannot read it.
    """
    import ncnn

    program = ncnn.Net()
    program.opt.num_threads = torch.get_num_threads()
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(program.opt, name, False)
    with tempfile.TemporaryDirectory() as folder:
        param, weights = Path(folder) / "program.param", Path(folder) / "program.bin"
        param.write_bytes(contents[0])
        weights.write_bytes(contents[1])
        if program.load_param(str(param)) or program.load_model(str(weights)):
            raise WeightsError("ncnn cannot read what was written")

    def run(lr: Tensor) -> Tensor:
        extractor = program.create_extractor()
        # A copy that is its own: layers write over what they are given, and count its users.
        extractor.input(INPUT, ncnn.Mat(np.ascontiguousarray(lr[0].numpy())).clone())
        code, sr = extractor.extract(OUTPUT)
        if code:
            raise WeightsError(f"ncnn ended with code {code}")
        return torch.from_numpy(np.array(sr))[None]

    return run
