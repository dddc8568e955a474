"""Which rows of its sources an operation needs for rows of its result.

An operation that is not listed here, because it looks at the whole image, moves pixels about or is
unknown, has no answer: a network with one of them runs on tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import attrs
import torch.nn.functional as F
from torch import Tensor


class NotByRowsError(Exception):
    """A network that cannot be computed band by band; the text says which operation it is."""


@attrs.frozen(eq=False)
class Slot:
    """Where a recorded call takes the result of an earlier step.

    Attributes:
        step: its number.
        shape: of the result when it was recorded.
    """

    step: int
    shape: tuple[int, ...]


@attrs.frozen(eq=False)
class Call:
    """A recorded call of a function.

    Attributes:
        function: what was called.
        arguments, keywords: with slots in the place of results of earlier steps.
        slots: all of them, in their order.
    """

    function: Callable[..., Tensor]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    slots: tuple[Slot, ...]

    def __call__(self, *windows: Tensor) -> Tensor:
        """The same call on other pixels."""
        left = iter(windows)
        arguments = replaced(self.arguments, Slot, lambda slot: next(left))
        keywords = replaced(self.keywords, Slot, lambda slot: next(left))
        return self.function(*arguments, **keywords)


@attrs.frozen(eq=False)
class Operation:
    """How rows of a result are computed.

    Attributes:
        call: windows of the sources -> the result for them.
        rate: rows of the result for each row of the sources.
        before, after: rows of the sources that are needed beyond those that a result lies on.
        pads: whether rows beyond the image are zeros, which have to be given to it; else the call
            does at the edges of a window what it does at those of an image.
        work: multiplications per value of the result.
        copies: whether it only copies values: then it costs less to do it anew for what a user
            takes than to keep its result.
    """

    call: Callable[..., Tensor]
    rate: Fraction = Fraction(1)
    before: int = 0
    after: int = 0
    pads: bool = False
    work: int = 1
    copies: bool = False


def replaced(value: Any, kind: type, by: Callable[[Any], Any]) -> Any:
    """A value with all that is of a kind in its lists, tuples and dictionaries replaced."""
    if isinstance(value, kind):
        return by(value)
    if isinstance(value, dict):
        return {key: replaced(item, kind, by) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)([replaced(item, kind, by) for item in value])
    return value


def operation_of(call: Call) -> Operation:
    """How a recorded call works on rows.

    Raises:
        NotByRowsError: nobody knows, or it needs more than some rows.
    """
    name = call.function.__name__
    plain = name.strip("_")
    if plain in _PIXELWISE:
        return _pixelwise(call)
    if plain not in _OTHERS or "out" in call.keywords:
        raise NotByRowsError(name)
    try:
        operation = _OTHERS[plain](call)
    except TypeError:  # arguments that the function takes and the operation does not know
        operation = None
    if operation is None:
        raise NotByRowsError(f"{name} with these arguments")
    return operation


#: Every value of the result depends on the values at the same place, whatever the variant: the
#: function, the method, the operator, in place or not.
_NAMES = """
add sub rsub radd iadd isub mul rmul imul div truediv rtruediv itruediv neg abs pow exp sqrt square
sigmoid tanh relu relu6 leaky_relu prelu silu gelu elu selu celu mish hardswish hardsigmoid hardtanh
softplus softsign logsigmoid clamp clip clamp_min clamp_max minimum maximum lerp addcmul dropout
dropout2d contiguous clone detach to float half type_as
"""
_PIXELWISE = frozenset(_NAMES.split())


def _pixelwise(call: Call) -> Operation:
    def check(constant: Tensor) -> Tensor:
        if constant.ndim > 1 and constant.shape[-2] != 1:
            raise NotByRowsError(f"{call.function.__name__} with an image of a fixed size")
        return constant

    replaced((call.arguments, call.keywords), Tensor, check)
    if len({slot.shape[-2] for slot in call.slots}) > 1:
        raise NotByRowsError(f"{call.function.__name__} of maps of different heights")
    return Operation(call)


def _batch_norm(call: Call) -> Operation | None:
    def is_fixed(
        input: Slot,
        mean: Any,
        var: Any,
        weight: Any = None,
        bias: Any = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> bool:
        return not training

    return Operation(call) if is_fixed(*call.arguments, **call.keywords) else None


def _cat(call: Call) -> Operation | None:
    def is_of_channels(tensors: Any, dim: int = 0) -> bool:
        return dim in (1, -3) and all(isinstance(tensor, Slot) for tensor in tensors)

    if not is_of_channels(*call.arguments, **call.keywords):
        return None
    return attrs.evolve(_pixelwise(call), copies=True)


def _conv2d(call: Call) -> Operation | None:
    def parsed(
        input: Slot,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Operation | None:
        if (
            not isinstance(weight, Tensor)
            or isinstance(bias, Slot)
            or both_directions(stride) != (1, 1)
        ):
            return None
        spread = both_directions(dilation)
        reach = [by * (side - 1) for by, side in zip(spread, weight.shape[2:], strict=True)]
        around = padding_around(padding, reach)
        if any(2 * by != length for by, length in zip(around, reach, strict=True)):
            return None  # the result has other sides than the image
        rows, columns = around
        run = partial(
            F.conv2d, weight=weight, bias=bias, padding=(0, columns), dilation=spread, groups=groups
        )
        work = weight[0].numel()
        return Operation(run, before=rows, after=rows, pads=True, work=work)

    return parsed(*call.arguments, **call.keywords)


def _getitem(call: Call) -> Operation | None:
    """Some channels, or all of the image."""
    image, index = call.arguments
    index = written_out(index)
    images, *channels = index[:2]
    if images != slice(None) or not all(isinstance(part, (slice, list)) for part in channels):
        return None
    for part, side in zip(index[2:], image.shape[2:]):  # noqa: B905  # the last ones may be missing
        if not isinstance(part, slice) or part.indices(side) != (0, side, 1):
            return None
    taken = (images, *channels)
    return Operation(lambda window: window[taken])


def _interpolate(call: Call) -> Operation | None:
    def parsed(
        input: Slot,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
        antialias: bool = False,
    ) -> Operation | None:
        if size is not None or align_corners or antialias or mode not in _SEEN_BY_MODE:
            return None
        factors = set(both_directions(scale_factor))
        factor = int(min(factors))
        if factors != {factor} or factor < 1:
            return None
        seen = _SEEN_BY_MODE[mode]
        run = partial(F.interpolate, scale_factor=factor, mode=mode)
        return Operation(run, Fraction(factor), before=seen, after=seen, copies=not seen)

    return parsed(*call.arguments, **call.keywords)


_SEEN_BY_MODE = {"nearest": 0, "nearest-exact": 0, "bilinear": 1, "bicubic": 2}


def _pixel_shuffle(call: Call) -> Operation:
    _, factor = call.arguments
    return Operation(call, Fraction(factor))


def _pixel_unshuffle(call: Call) -> Operation:
    _, factor = call.arguments
    return Operation(call, Fraction(1, factor))


def written_out(index: Any) -> tuple[Any, ...]:
    """An index of images ``(N, C, H, W)`` as a tuple without an ellipsis."""
    parts: tuple[Any, ...] = index if isinstance(index, tuple) else (index,)
    if Ellipsis not in parts:
        return parts
    at = parts.index(Ellipsis)
    return (*parts[:at], *[slice(None)] * (5 - len(parts)), *parts[at + 1 :])


def padding_around(padding: Any, reach: Sequence[int]) -> tuple[Any, Any]:
    """Zeros above and left of an image, as a number, a pair or a word says.

    Args:
        padding: of a convolution.
        reach: rows and columns of its window beyond the first.
    """
    if padding in ("same", "valid"):
        padding = [length // 2 for length in reach] if padding == "same" else 0
    return both_directions(padding)


def both_directions(value: Any) -> tuple[Any, Any]:
    """What is given for both directions, or for each."""
    if isinstance(value, (tuple, list)):
        return (value[0], value[-1])
    return (value, value)


_OTHERS: dict[str, Callable[[Call], Operation | None]] = {
    "batch_norm": _batch_norm,
    "cat": _cat,
    "concat": _cat,
    "conv2d": _conv2d,
    "getitem": _getitem,
    "interpolate": _interpolate,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
}
