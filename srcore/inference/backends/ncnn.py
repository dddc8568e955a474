"""ncnn on the processor: the fastest for deep networks of convolutions."""

from __future__ import annotations

from srcore.inference.backends.backend import ProgramOrder, RunProgram
from srcore.inference.backends.recorded import program_files
from srcore.weights.export_formats import FORMATS


class Ncnn:
    """Runs what ``srcore convert --to ncnn`` writes."""

    devices = ("cpu",)
    precisions = ("float32",)
    memory = 2.0
    is_quick = True

    def require(self) -> None:
        """Raises MissingExtraError where a package is not installed."""
        FORMATS["ncnn"].require()

    def program(self, order: ProgramOrder) -> RunProgram:
        """Recorded, or taken from the cache."""
        return FORMATS["ncnn"].load(program_files("ncnn", order))
