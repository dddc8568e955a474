"""What is known of devices that are not here: memory, and rough rates of computing."""

from __future__ import annotations

import attrs

from srcore.estimating.options import DeviceName

_GIB = 2**30


@attrs.frozen
class KnownDevice:
    """A device by its maker's data sheet.

    Attributes:
        memory: bytes.
        float32: multiply-adds per second that convolutions in float32 reach at most; with TF32,
            which PyTorch's convolutions use by default, where the device has it.
        half: the same in 16 bits, dense.
        bfloat16: whether it has instructions for bfloat16.
    """

    memory: int
    float32: float
    half: float
    bfloat16: bool = True


def _device(gibibytes: int, float32: float, half: float, *, bfloat16: bool = True) -> KnownDevice:
    """From tera floating-point operations per second, of which a multiply-add is two."""
    return KnownDevice(gibibytes * _GIB, float32 * 5e11, half * 5e11, bfloat16)


#: NVIDIA's data sheets, tensor cores with accumulation in float32 and without sparsity.
DEVICES: dict[DeviceName, KnownDevice] = {
    "T4": _device(16, 8.1, 65, bfloat16=False),
    "L4": _device(24, 60, 121),
    "RTX 3060": _device(12, 25, 51),
    "RTX 3090": _device(24, 35.6, 71),
    "RTX 4090": _device(24, 82.6, 165),
    "A100": _device(80, 156, 312),
    "H100": _device(80, 494, 989),
    "H200": _device(141, 494, 989),
}
#: The share of these rates that trainings of super-resolution are reckoned to reach: from, to.
REACHED = (0.15, 0.5)
#: Bytes that CUDA and its libraries take beside what PyTorch allocates.
CONTEXT = 600 * 2**20


def step_seconds(device: KnownDevice, multiply_adds: int, precision: str) -> tuple[float, float]:
    """Seconds of a step, from and to.

    Args:
        device: where.
        multiply_adds: of the whole step, backward passes included.
        precision: of ``[train]``.
    """
    is_half = precision == "float16" or (precision == "bfloat16" and device.bfloat16)
    rate = device.half if is_half else device.float32
    low, high = REACHED
    return multiply_adds / (rate * high), multiply_adds / (rate * low)
