"""Programs of OpenVINO."""

import subprocess
import sys


def test_openvino_is_used_without_its_telemetry():
    """In a new process: the package looks for it when it is first imported."""
    code = "from srcore.exporting.openvino import openvino; import sys; openvino().Core();"
    code += "print([name for name in sys.modules if 'openvino_telemetry' in name])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
