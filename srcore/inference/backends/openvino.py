"""OpenVINO on the processor, with numbers of 32 or of 8 bits."""

from __future__ import annotations

from srcore.inference.backends.backend import ProgramOrder, RunProgram
from srcore.inference.backends.recorded import int8_program, program_files
from srcore.weights.export_formats import FORMATS


class OpenVino:
    """Runs what ``srcore convert --to openvino`` writes; of 8 bits, what ``--to onnx`` does."""

    devices = ("cpu",)
    precisions = ("float32", "int8")
    memory = 1.5
    is_quick = True

    def require(self) -> None:
        """Raises MissingExtraError where a package is not installed."""
        FORMATS["openvino"].require()

    def program(self, order: ProgramOrder) -> RunProgram:
        """Recorded, or taken from the cache."""
        if order.precision == "int8":
            FORMATS["onnx"].require()  # chooses the steps of 8 bits
            return FORMATS["openvino"].load([int8_program(order), b""])
        return FORMATS["openvino"].load(program_files("openvino", order))
