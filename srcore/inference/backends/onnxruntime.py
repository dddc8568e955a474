"""ONNX Runtime on the processor, with numbers of 32 or of 8 bits."""

from __future__ import annotations

from srcore.inference.backends.backend import ProgramOrder, RunProgram
from srcore.inference.backends.recorded import int8_program, program_files
from srcore.weights.export_formats import FORMATS


class OnnxRuntime:
    """Runs what ``srcore convert --to onnx`` writes."""

    devices = ("cpu",)
    precisions = ("float32", "int8")
    memory = 1.5
    is_quick = True

    def require(self) -> None:
        """Raises MissingExtraError where a package is not installed."""
        FORMATS["onnx"].require()

    def program(self, order: ProgramOrder) -> RunProgram:
        """Recorded, or taken from the cache."""
        if order.precision == "int8":
            return FORMATS["onnx"].load([int8_program(order)])
        return FORMATS["onnx"].load(program_files("onnx", order))
