"""Calls of PyTorch's functions as layers of ncnn.

pnnx translates more operations, but takes memory without end for deep networks, RRDBNet with 23
blocks among them. The operators are those of ncnn's documentation ("operators").
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor

from srcore.recording.operations import (
    Call,
    Slot,
    both_directions,
    padding_around,
    written_out,
)

_ADD, _SUB, _MUL, _DIV, _RSUB = 0, 1, 2, 3, 7
#: What stands before a kernel of that kind.
_FLOAT32, _FLOAT16 = 0, 0x01306B47


class NoLayerError(Exception):
    """An operation for which no layer is written here; the text names it."""


@attrs.frozen
class Layer:
    """A layer: its kind, its numbered parameters, what it takes, its weights.

    A kernel comes before other weights and may be kept in 16 bits.
    """

    kind: str
    parameters: dict[int, Any]
    sources: tuple[int, ...]
    weights: bytes = b""
    kernel: bytes = b""

    def content(self, *, half: bool) -> bytes:
        """Weights as they stand in the file: kernels behind a number that tells their kind."""
        if not self.kernel:
            return self.weights
        if not half:
            return struct.pack("<I", _FLOAT32) + self.kernel + self.weights
        rounded = np.frombuffer(self.kernel, "<f4").astype("<f2").tobytes()
        rounded += bytes(-len(rounded) % 4)
        return struct.pack("<I", _FLOAT16) + rounded + self.weights

    def text(self) -> str:
        """Parameters as ncnn spells them; lists have numbers of their own."""
        return " ".join(
            f"{-23300 - key}={len(value)},{','.join(map(str, value))}"
            if isinstance(value, list)
            else f"{key}={value}"
            for key, value in self.parameters.items()
        )


def layer_of(call: Call | None) -> Layer | None:
    """The layer of a call; None where it only hands its source on.

    Raises:
        NoLayerError: there is none.
    """
    if call is None:
        raise NoLayerError("an operation without a call")
    name = call.function.__name__.strip("_")
    if name in _SAME:
        return None
    if name not in _LAYERS:
        raise NoLayerError(name)
    try:
        return _LAYERS[name](call)
    except TypeError as error:  # arguments that the layer does not know
        raise NoLayerError(f"{name} with these arguments") from error


def _floats(*tensors: Tensor | None) -> bytes:
    kept = [tensor.detach().cpu().float().numpy() for tensor in tensors if tensor is not None]
    return b"".join(np.ascontiguousarray(values, "<f4").tobytes() for values in kept)


def _layer(call: Call, kind: str, parameters: dict[int, Any], weights: bytes = b"") -> Layer:
    return Layer(kind, parameters, tuple(slot.step for slot in call.slots), weights)


def _conv2d(call: Call) -> Layer:
    def made(
        input: Slot,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Layer:
        spread, step = both_directions(dilation), both_directions(stride)
        reach = [by * (side - 1) for by, side in zip(spread, weight.shape[2:], strict=True)]
        around = padding_around(padding, reach)
        (height, width), outputs = weight.shape[2:], len(weight)
        parameters = {0: outputs, 1: width, 11: height, 2: spread[1], 12: spread[0]}
        parameters |= {3: step[1], 13: step[0], 4: around[1], 14: around[0]}
        parameters |= {5: int(bias is not None), 6: weight.numel()}
        if groups > 1:
            parameters[7] = groups
        kind = "Convolution" if groups == 1 else "ConvolutionDepthWise"
        made = _layer(call, kind, parameters, _floats(bias))
        return attrs.evolve(made, kernel=_floats(weight))

    return made(*call.arguments, **call.keywords)


def _leaky_relu(call: Call) -> Layer:
    def made(input: Slot, negative_slope: float = 0.01, inplace: bool = False) -> Layer:
        return _layer(call, "ReLU", {0: negative_slope})

    return made(*call.arguments, **call.keywords)


def _prelu(call: Call) -> Layer:
    def made(input: Slot, weight: Tensor) -> Layer:
        return _layer(call, "PReLU", {0: weight.numel()}, _floats(weight))

    return made(*call.arguments, **call.keywords)


def _cat(call: Call) -> Layer:
    return _layer(call, "Concat", {0: 0})


def _interpolate(call: Call) -> Layer:
    def made(
        input: Slot,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        **others: Any,
    ) -> Layer:
        height, width = map(float, both_directions(scale_factor))
        kinds = {"nearest": 1, "bilinear": 2, "bicubic": 3}
        if mode not in kinds:
            raise NoLayerError(f"interpolate by {mode}")
        return _layer(call, "Interp", {0: kinds[mode], 1: height, 2: width})

    return made(*call.arguments, **call.keywords)


def _getitem(call: Call) -> Layer | None:
    """Some channels in a row, or everything."""
    image, index = call.arguments
    index = written_out(index)
    if not all(isinstance(part, slice) for part in index):
        raise NoLayerError("getitem of single channels")
    taken = [part.indices(side) for part, side in zip(index, image.shape, strict=False)]
    whole = [(0, side, 1) for side in image.shape]
    if taken == whole[: len(taken)]:
        return None
    if len(taken) < 2 or taken[1][2] != 1 or taken[2:] != whole[2 : len(taken)]:
        raise NoLayerError("getitem of a part of the image")
    start, stop, _ = taken[1]
    return _layer(call, "Crop", {9: [start], 10: [stop], 11: [0]})


def _pixel_shuffle(call: Call) -> Layer:
    return _layer(call, "PixelShuffle", {0: call.arguments[1]})


def _clamp(call: Call) -> Layer:
    def made(input: Slot, min: float | None = None, max: float | None = None) -> Layer:
        low, high = (-3.4e38 if min is None else min), (3.4e38 if max is None else max)
        return _layer(call, "Clip", {0: low, 1: high})

    return made(*call.arguments, **call.keywords)


def _arithmetic(operation: int, swapped: int) -> Callable[[Call], Layer]:
    """A sum, a difference or a product, of two results, or of one and a constant."""

    def layer(call: Call) -> Layer:
        def made(first: Any, second: Any, *, alpha: float = 1) -> Layer:
            if isinstance(first, Slot) and isinstance(second, Slot):
                if first.shape != second.shape:
                    raise NoLayerError("arithmetic of results of different shapes")
                if alpha == 1:
                    return _layer(call, "BinaryOp", {0: operation})
                if operation != _ADD:
                    raise NoLayerError("a difference with a factor")
                return _layer(call, "Eltwise", {0: 1, 1: [1.0, alpha]})
            constant, which = (second, operation) if isinstance(first, Slot) else (first, swapped)
            return _with_constant(call, which, constant, alpha)

        return made(*call.arguments, **call.keywords)

    return layer


def _rsub(call: Call) -> Layer:
    """``second - first``, as Python calls it where a constant stands before the minus."""
    second = call.arguments[1]
    return _with_constant(call, _RSUB, second, 1)


def _div(call: Call) -> Layer:
    def made(first: Slot, second: Any) -> Layer:
        if isinstance(second, Slot):
            return _layer(call, "BinaryOp", {0: _DIV})
        return _with_constant(call, _MUL, 1 / second, 1)

    return made(*call.arguments, **call.keywords)


def _with_constant(call: Call, operation: int, constant: Any, alpha: float) -> Layer:
    if isinstance(constant, Tensor) and constant.numel() > 1:
        channels = call.slots[0].shape[1]
        if constant.ndim < 3 or constant.shape[-3:] != (channels, 1, 1):
            raise NoLayerError("arithmetic with an image")
        return _per_channel(call, operation, constant.reshape(-1).float() * alpha)
    number = float(constant) * (1 if operation in (_MUL, _RSUB) else alpha)
    return _layer(call, "BinaryOp", {0: operation, 1: 1, 2: number})


def _per_channel(call: Call, operation: int, constant: Tensor) -> Layer:
    ones, count = torch.ones_like(constant), constant.numel()
    scale, bias = {
        _ADD: (ones, constant),
        _SUB: (ones, -constant),
        _MUL: (constant, torch.zeros_like(constant)),
        _RSUB: (-ones, constant),
    }[operation]
    return _layer(call, "Scale", {0: count, 1: 1}, _floats(scale, bias))


def _plain_layer(kind: str, parameters: dict[int, Any] | None = None) -> Callable[[Call], Layer]:
    return lambda call: _layer(call, kind, dict(parameters or {}))


def _for_names(layer: Callable[[Call], Layer], names: Sequence[str]) -> dict[str, Any]:
    return dict.fromkeys(names, layer)


_SAME = frozenset({"contiguous", "clone", "detach", "to", "float", "dropout", "dropout2d"})
_LAYERS: dict[str, Callable[[Call], Layer | None]] = {
    "conv2d": _conv2d,
    "leaky_relu": _leaky_relu,
    "relu": _plain_layer("ReLU", {0: 0.0}),
    "prelu": _prelu,
    "cat": _cat,
    "concat": _cat,
    "getitem": _getitem,
    "interpolate": _interpolate,
    "pixel_shuffle": _pixel_shuffle,
    "sigmoid": _plain_layer("Sigmoid"),
    "tanh": _plain_layer("TanH"),
    "silu": _plain_layer("Swish"),
    "clamp": _clamp,
    **_for_names(_arithmetic(_ADD, _ADD), ("add", "iadd", "radd")),
    **_for_names(_arithmetic(_SUB, _RSUB), ("sub", "isub")),
    "rsub": _rsub,
    **_for_names(_div, ("div", "truediv", "itruediv")),
    **_for_names(_arithmetic(_MUL, _MUL), ("mul", "imul", "rmul")),
}
