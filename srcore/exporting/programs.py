"""Names and files of the program formats; torch is not needed to know them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from srcore.errors import WeightsError
from srcore.options import option

#: What the numbers of a program are.
ProgramPrecision = Literal["fp32", "fp16", "int8"]


@attrs.frozen(kw_only=True)
class ProgramOptions:
    """How a program is written."""

    opset: int | None = option(
        None, "version of ONNX's operators; without it what PyTorch writes", ge=18
    )
    precision: ProgramPrecision = option(
        "fp32",
        "numbers of a program: fp16 (onnx, openvino, ncnn) is half as large, int8 (onnx, openvino) "
        "also quicker on processors, and less exact",
    )


@attrs.frozen
class ProgramFiles:
    """The files that a program consists of.

    Attributes:
        endings: allowed endings of the file that users name.
        beside: endings of further files, which bear its name.
        precisions: what its numbers may be.
    """

    endings: tuple[str, ...]
    beside: tuple[str, ...] = ()
    precisions: tuple[ProgramPrecision, ...] = ("fp32",)

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
    "onnx": ProgramFiles((".onnx",), precisions=("fp32", "fp16", "int8")),
    "torchscript": ProgramFiles((".pt", ".ts")),
    "torch_export": ProgramFiles((".pt2",)),
    "ncnn": ProgramFiles((".param",), beside=(".bin",), precisions=("fp32", "fp16")),
    "openvino": ProgramFiles((".xml",), beside=(".bin",), precisions=("fp32", "fp16", "int8")),
}


def written_files(target: Path, to: str) -> list[Path]:
    """The files that a conversion writes for the one that is named; raises as above."""
    return PROGRAMS[to].of(target) if to in PROGRAMS else [target]


def check_precision(to: str, precision: str, *, is_calibrated: bool) -> None:
    """Refuse numbers that a format does not hold, and calibration images without need.

    Raises:
        WeightsError: says what the format holds.
    """
    holds = PROGRAMS[to].precisions if to in PROGRAMS else ("fp32",)
    if precision not in holds:
        others = [name for name, files in PROGRAMS.items() if precision in files.precisions]
        raise WeightsError(
            f"--precision {precision}: srcore writes {to} with {' or '.join(holds)}; "
            f"{' and '.join(others)} hold {precision}"
        )
    if is_calibrated != (precision == "int8"):
        raise WeightsError(
            "--precision int8 and --calibration FOLDER, images such as those to be enlarged, go "
            "together"
        )
