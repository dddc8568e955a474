"""Networks recorded as programs of other runtimes, once, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import inspect
import logging
from importlib import metadata

import torch
from torch import Tensor, nn

import srcore
from srcore.exporting.export import export_obstacle, quiet
from srcore.exporting.formats import FORMATS
from srcore.exporting.quantizing import quantize_program
from srcore.inference.backends.backend import BackendError, ProgramOrder
from srcore.inference.backends.cache import kept_contents
from srcore.weights.saving import GeneratorMetadata

#: What decides what is recorded, beside the network.
_PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime", "openvino", "ncnn", "pnnx")
#: Weights of networks whose recording takes so long that it is told.
_MANY = 5_000_000

logger = logging.getLogger("srcore")


def program_files(to: str, order: ProgramOrder) -> list[bytes]:
    """Contents of the files of a program in float32.

    Args:
        to: a name of :data:`srcore.exporting.programs.PROGRAMS`.
        order: what is recorded.

    Raises:
        BackendError: the network sees more than an image.
    """
    obstacle = export_obstacle(order.network)
    if obstacle:
        raise BackendError(obstacle)

    def record() -> list[bytes]:
        if sum(weight.numel() for weight in order.network.parameters()) > _MANY:
            logger.warning("recording %s for %s, once", type(order.network).__name__, to)
        about = GeneratorMetadata(type(order.network).__name__, {}, int(order.network.scale))  # type: ignore[arg-type]  # an int by the contract
        with torch.no_grad(), quiet():
            return FORMATS[to].record(order.network, order.example, about, None)

    return kept_contents(_cache_key(to, order), record)


def int8_program(order: ProgramOrder) -> bytes:
    """A program of ONNX whose convolutions compute with numbers of 8 bits.

    Raises:
        BackendError: the network sees more than an image.
        MissingExtraError: ONNX's packages, which choose the steps of 8 bits, are not installed.
    """
    FORMATS["onnx"].require()

    def record() -> list[bytes]:
        (program,) = program_files("onnx", order)
        return [quantize_program(program, order.calibration)]

    (program,) = kept_contents(_cache_key("onnx int8", order), record)
    return program


def _cache_key(to: str, order: ProgramOrder) -> str:
    """What another network, version, or folder of calibration images has another one of."""
    network = order.network
    versions = [f"{name} {_version(name)}" for name in _PACKAGES]
    digest = hashlib.sha256("\n".join([to, srcore.__version__, *versions]).encode())
    for name, module in network.named_modules():
        digest.update(f"{name} {_text_of(type(module))} {_plain_attributes(module)}".encode())
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        _add(digest, tensor)
    for image in order.calibration:
        _add(digest, image)
    return digest.hexdigest()[:32]


def _plain_attributes(module: nn.Module) -> list[tuple[str, str]]:
    """What a module holds beside tensors and modules, as far as it is plain."""
    plain = (bool, int, float, str, tuple, type(None))
    return sorted(
        (k, f"{type(v).__name__} {v}") for k, v in vars(module).items() if isinstance(v, plain)
    )


def _text_of(kind: type) -> str:
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # written at a prompt
        return f"{kind.__module__}.{kind.__qualname__}"


def _add(digest: hashlib._Hash, tensor: Tensor) -> None:
    plain = tensor.detach().cpu().contiguous().reshape(-1)
    if plain.numel():
        digest.update(plain.view(torch.uint8).numpy().data)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
