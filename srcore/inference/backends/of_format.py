"""Backends that run what ``srcore convert`` writes; each is a class that names the format."""

from __future__ import annotations

from typing import ClassVar

from srcore.exporting.export import quiet
from srcore.exporting.formats import FORMATS
from srcore.inference.backends.backend import ProgramOrder, RunProgram
from srcore.inference.backends.recorded import int8_program, program_files


class FormatBackend:
    """A backend on the processor, whose programs are files of a format.

    Attributes:
        form: a name of :data:`srcore.exporting.programs.PROGRAMS`.
        beside_int8: what the format's files are beside a program of ONNX, where the runtime reads
            that for ``"int8"``.
        devices, precisions, memory, is_quick: see
            :class:`srcore.inference.backends.backend.NetworkBackend`.
    """

    form: ClassVar[str]
    beside_int8: ClassVar[tuple[bytes, ...]] = ()

    devices: tuple[str, ...] = ("cpu",)
    precisions: tuple[str, ...] = ("float32",)
    memory: float
    is_quick: bool = True

    def require(self) -> None:
        """Do nothing where all is installed that it needs.

        Raises:
            MissingExtraError: a package is not installed.
        """
        FORMATS[self.form].require()

    def program(self, order: ProgramOrder) -> RunProgram:
        """Recorded, or taken from the cache."""
        contents = self._contents(order)
        with quiet():
            return FORMATS[self.form].load(contents)

    def _contents(self, order: ProgramOrder) -> list[bytes]:
        if order.precision == "int8":
            return [int8_program(order), *self.beside_int8]
        return program_files(self.form, order)
