"""Names and files of the program formats; torch is not needed to know them."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.errors import WeightsError


@attrs.frozen
class ProgramFiles:
    """The files that a program consists of.

    Attributes:
        endings: allowed endings of the file that users name.
        beside: endings of further files, which bear its name.
    """

    endings: tuple[str, ...]
    beside: tuple[str, ...] = ()

    def of(self, target: Path) -> list[Path]:
        """All files that are written for the one that is named.

        Raises:
            WeightsError: a name with another ending.
        """
        if target.suffix not in self.endings:
            expected = " or ".join(self.endings)
            raise WeightsError(f"{target}: expected a name that ends in {expected}")
        return [target, *(target.with_suffix(ending) for ending in self.beside)]


#: Formats of programs by the name that users write.
PROGRAMS = {
    "onnx": ProgramFiles((".onnx",)),
    "torchscript": ProgramFiles((".pt", ".ts")),
    "torch_export": ProgramFiles((".pt2",)),
    "ncnn": ProgramFiles((".param",), beside=(".bin",)),
    "openvino": ProgramFiles((".xml",), beside=(".bin",)),
}


def written_files(target: Path, to: str) -> list[Path]:
    """The files that a conversion writes for the one that is named; raises as above."""
    return PROGRAMS[to].of(target) if to in PROGRAMS else [target]
