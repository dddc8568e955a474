"""Golden cases of DLSN."""

import importlib.util
import sys
from pathlib import Path

import pytest
from srplug_dlsn.ops import devices, native

from srcore.testing.golden import run_case

GOLDEN_METHODS = ["dlsn"]

_NAME = "golden_handlers_srplug_dlsn"
if _NAME not in sys.modules:
    _spec = importlib.util.spec_from_file_location(
        _NAME, Path(__file__).parent / "golden_handlers.py"
    )
    sys.modules[_NAME] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_NAME])


BACKENDS = ["auto", "torch"] if devices.kernel_for("cpu")[0] else ["torch"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_golden_case(golden_case, backend, monkeypatch):
    if backend == "torch":
        monkeypatch.setattr(native.DeviceCode, "choose", lambda *arguments: None)
    run_case(golden_case)
