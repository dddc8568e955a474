"""Every device that can be named is known."""

from typing import get_args

from srcore.estimating.devices import DEVICES, step_seconds
from srcore.estimating.options import DeviceName


def test_names_and_devices_are_the_same():
    assert tuple(DEVICES) == get_args(DeviceName)


def test_a_device_without_bfloat16_computes_it_as_float32():
    t4, l4 = DEVICES["T4"], DEVICES["L4"]
    assert step_seconds(t4, 10**12, "bfloat16") == step_seconds(t4, 10**12, "float32")
    assert step_seconds(t4, 10**12, "float16") < step_seconds(t4, 10**12, "float32")
    assert step_seconds(l4, 10**12, "bfloat16") < step_seconds(l4, 10**12, "float32")
