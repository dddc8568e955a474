"""Convolutions of an ONNX program in numbers of 8 bits, by what they see of calibration images.

The first convolution and the last ones stay as they are: of all errors theirs are seen best, and
they are a small part of the work.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from srcore.errors import WeightsError

#: Convolutions at the beginning and at the end that keep 32 bits.
_FIRST, _LAST = 1, 4


def quantize_program(program: bytes, images: Sequence[Tensor]) -> bytes:
    """A program that rounds weights, channel by channel, and what goes into convolutions.

    Args:
        program: of ONNX, with the input ``lr``.
        images: ``(1, C, h, w)`` in [0, 1], such as those that it is meant for.

    Raises:
        WeightsError: there are no images, or no convolutions to round.
    """
    import onnx
    from onnxruntime import quantization

    if not images:
        raise WeightsError("int8 needs images to be calibrated by; name a folder of them")
    convolutions = [
        node.name for node in onnx.load_from_string(program).graph.node if node.op_type == "Conv"
    ]
    left_out = _unrounded(convolutions)
    if len(left_out) == len(convolutions):
        raise WeightsError("int8: the network has too few convolutions that could be rounded")
    with tempfile.TemporaryDirectory() as folder, _silent():
        source, target = Path(folder) / "in.onnx", Path(folder) / "out.onnx"
        source.write_bytes(program)
        quantization.quantize_static(
            source,
            target,
            _Reader(images),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=left_out,
        )
        return target.read_bytes()


def _unrounded(convolutions: Sequence[str]) -> list[str]:
    """Of few convolutions fewer are left out."""
    last = min(_LAST, max(1, len(convolutions) // 4))
    return [*convolutions[:_FIRST], *convolutions[max(_FIRST, len(convolutions) - last) :]]


class _Reader:
    """Hands images to the calibration one by one."""

    def __init__(self, images: Sequence[Tensor]) -> None:
        self._images = iter(images)

    def get_next(self) -> dict[str, Any] | None:
        image = next(self._images, None)
        return None if image is None else {"lr": image.cpu().contiguous().numpy()}


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without advice to run another program first, and without tables."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(before)
