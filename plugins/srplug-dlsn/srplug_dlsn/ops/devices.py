"""The types of devices that have code of their own, and what runs on all others."""

from __future__ import annotations

from srplug_dlsn.ops import cpu, cuda
from srplug_dlsn.ops.kernels import Kernel
from srplug_dlsn.ops.native import DeviceCode

#: By the name that PyTorch has for the type.
DEVICES: dict[str, DeviceCode] = {
    module.__name__.rpartition(".")[2]: module.CODE for module in (cpu, cuda)
}


def _find_none(_: int) -> tuple[Kernel | None, str]:
    return None, f"the kernels are for {' and '.join(DEVICES)}"


#: PyTorch operations.
ELSEWHERE = DeviceCode(_find_none)


def code_of(device_type: str) -> DeviceCode:
    """What runs on the devices of a type."""
    return DEVICES.get(device_type, ELSEWHERE)


def kernel_for(device_type: str, index: int = 0) -> tuple[Kernel | None, str]:
    """The kernel for a device and, if there is none, the reason; logged once."""
    return code_of(device_type).kernel(device_type, index)
