"""Writing a generator as a program that runs without srcore, and checking that it does the same.

A file is written only after its program has been loaded again and run beside PyTorch on sizes other
than the one it was recorded with.
"""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.errors import SrcoreError, WeightsError
from srcore.exporting.formats import FORMATS
from srcore.exporting.programs import PROGRAMS, ProgramOptions
from srcore.exporting.reduced import ExportRequest
from srcore.files.atomic import write_bytes
from srcore.options.declaration import defaults
from srcore.weights.saving import GeneratorMetadata

_DEFAULT = defaults(ProgramOptions)

#: Largest difference allowed, relative to the largest output. Other programs add float32 numbers in
#: another order, which gives 1e-7 to 1e-5. A size or a mask that was fixed while recording gives
#: another shape or differences above 1e-2. 1e-4 is 1/40 of a step of an 8-bit image.
TOLERANCE = 1e-4

#: With numbers of 16 bits: one step of an 8-bit image. With 8 bits the root of the mean square
#: counts, on a calibration image: what is above that is another image.
TOLERANCE_16, TOLERANCE_8 = 1 / 255, 0.05

#: A network whose large values cancel (SPAN, on noise) differs by more than that from itself in
#: float64. A program may differ from PyTorch by so many times as much, relative to the largest
#: output by no more than the second number.
ROUNDINGS, ROUGHEST = 10, 1e-3

_LONGEST_CAUSE = 240


Shape = tuple[int, int, int, int]


@attrs.frozen
class Agreement:
    """How an exported program compares with PyTorch.

    Attributes:
        sizes: shapes ``(N, 3, h, w)`` of the images that were tried.
        difference: largest absolute difference of any output value.
        largest: largest absolute output value; outputs of images in [0, 1] are about 1.
        root_mean_square: of all differences on one image, that of the worst image.
    """

    sizes: tuple[Shape, ...]
    difference: float
    largest: float
    root_mean_square: float = 0.0


def _say_nothing(step: str) -> None:
    pass


def export_program(
    network: nn.Module,
    target: Path,
    to: str,
    metadata: GeneratorMetadata,
    *,
    opset: int | None = _DEFAULT.opset,
    precision: str = _DEFAULT.precision,
    calibration: Sequence[Tensor] = (),
    tell: Callable[[str], object] = _say_nothing,
) -> Agreement:
    """Write a network as a program for images of any number and size.

    Args:
        network: generator with its weights, on the CPU; set to evaluation mode.
        target: file to write; some programs have another one beside it.
        to: a name of :data:`srcore.exporting.programs.PROGRAMS`.
        metadata: what the file says of the network.
        opset: version of ONNX's operators; by default what PyTorch writes.
        precision: of the numbers in the file: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        calibration: images ``(1, C, h, w)`` by which the steps of ``"int8"`` are chosen.
        tell: called with what is done next, since deep networks take a while.

    Raises:
        WeightsError: an unfit file name, a network that cannot be recorded for all sizes, or a
            program whose results differ.
        MissingExtraError: packages for the format are not installed.
        DataError: the file cannot be written.
    """
    form, files = FORMATS[to], PROGRAMS[to].of(target)
    where = f"{target}: {metadata.network} cannot be written as {to}"
    obstacle = export_obstacle(network)
    if obstacle:
        raise WeightsError(f"{where}: {obstacle}")
    form.require()
    network.eval()
    example, *others = _shapes(
        capability("network", network, "tile_multiple"),
        int(capability("network", network, "in_channels")),
        batched=form.is_batched,
    )
    with torch.no_grad(), quiet():
        tell(f"recording {metadata.network} as {to}" + _in_precision(precision))
        request = ExportRequest(network, _random_image(example), metadata, opset, calibration)
        contents = _attempt(where, lambda: request.contents(to, precision))
        size = sum(map(len, contents)) / 2**20
        tell(f"comparing {size:.1f} MiB with PyTorch on {len(others)} sizes")
        program = _attempt(where, lambda: form.load(contents))
        images = [_like(calibration, shape) for shape in others]
        agreement = _agreement(where, network, program, images, precision)
    for path, content in reversed(list(zip(files, contents, strict=True))):
        write_bytes(path, content)  # the named file last: where it is, the others are
    return agreement


def export_obstacle(network: nn.Module) -> str:
    """Why a network cannot be exported, as one of its modules says; empty: nothing known."""
    for ability in ("draw", "condition"):
        if capability("network", network, ability) is not None:
            return f"it sees more than the image ({ability}), which programs cannot be given"
    said = (capability("network", module, "export_obstacle") for module in network.modules())
    return next(filter(None, said), "")


def _in_precision(precision: str) -> str:
    return "" if precision == "fp32" else f" in {precision}"


def _shapes(multiple: int, channels: int, *, batched: bool) -> tuple[Shape, ...]:
    """Shape to record with, then three to try: not square, odd and even, padded and not.

    Single images, rows and columns, or single windows would be taken for constants.
    """
    side = max(16, multiple)
    numbers = (2, 1, 3, 1) if batched else (1, 1, 1, 1)
    sizes = (
        (side + 5, 2 * side + 3),
        (2 * side + 1, side + 2),
        (side + 3, 3 * side),
        (2 * side, 2 * side + 7),
    )
    return tuple((number, channels, *size) for number, size in zip(numbers, sizes, strict=True))


def _random_image(shape: tuple[int, ...]) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def _like(images: Sequence[Tensor], shape: Shape) -> Tensor:
    """Noise, or where there are images the first one, repeated and cut to a shape."""
    if not images:
        return _random_image(shape)
    height, width = images[0].shape[-2:]
    rows, columns = -(-shape[2] // height), -(-shape[3] // width)
    return images[0].repeat(shape[0], 1, rows, columns)[..., : shape[2], : shape[3]]


def _agreement(
    where: str,
    network: nn.Module,
    program: Callable[[Tensor], Tensor],
    images: Sequence[Tensor],
    precision: str = _DEFAULT.precision,
) -> Agreement:
    difference = largest = squares = 0.0
    for lr in images:
        shape = tuple(lr.shape)
        expected = network(lr)
        result = _attempt(f"{where}: recorded, but fails on {_sides(shape)}", lambda: program(lr))  # noqa: B023 - called at once
        if result.shape != expected.shape:
            raise WeightsError(
                f"{where}: the program makes {_sides(result.shape)} of {_sides(shape)}; "
                f"expected {_sides(expected.shape)}; the network fixes a size in its forward()"
            )
        peak, apart = float(expected.abs().max()), (result - expected).abs()
        root = float(apart.square().mean().sqrt())
        worst = root if precision == "int8" else float(apart.max())
        allowed = _ALLOWED[precision] * peak
        if worst > allowed and precision == "fp32":
            rounding = ROUNDINGS * _rounding(network, lr, expected)
            allowed = max(allowed, min(rounding, ROUGHEST * peak))
        if not worst <= allowed:  # also for not-a-number
            raise WeightsError(
                f"{where}: results differ by {worst:.2g} on {_sides(shape)}; allowed "
                f"{allowed:.2g}; {_REASONS[precision]}"
            )
        squares = max(squares, root)
        difference, largest = max(difference, float(apart.max())), max(largest, peak)
    shapes = tuple((int(n), int(c), int(h), int(w)) for n, c, h, w in (it.shape for it in images))
    return Agreement(shapes, difference, largest, squares)


_ALLOWED = {"fp32": TOLERANCE, "fp16": TOLERANCE_16, "int8": TOLERANCE_8}
_REASONS = {
    "fp32": "the network fixes something in its forward() that depends on the size or the content "
    "of the image",
    "fp16": "it needs more than 16 bits; write it without --precision",
    "int8": "it needs more than 8 bits, or other images to calibrate by",
}


def _rounding(network: nn.Module, lr: Tensor, result: Tensor) -> float:
    """How far PyTorch's own result is from that in float64; 0 where a network has no float64."""
    try:
        exact = copy.deepcopy(network).double()(lr.double())
    except (RuntimeError, TypeError, ValueError):  # a constant of float32, a kernel without float64
        return 0.0
    return float((result - exact).abs().max()) if exact.shape == result.shape else 0.0


def _sides(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _attempt(where: str, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except WeightsError as error:
        raise WeightsError(f"{where}: {error}") from error
    except SrcoreError:
        raise
    # Exporters raise whatever they meet in a network that they cannot record: TypeError,
    # RuntimeError, their own types. The cause is kept.
    except Exception as error:
        raise WeightsError(f"{where}: {_innermost(error)}") from error


def _innermost(error: BaseException) -> str:
    """First line of the innermost error; exporters wrap it in advice of many lines."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    line = text.split("\n")[0].strip() or "no reason given"
    cut = f"{line[:_LONGEST_CAUSE]} ..." if len(line) > _LONGEST_CAUSE else line
    return f"{cut} ({type(error).__name__})"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings back that tell users nothing they could act on."""
    with warnings.catch_warnings():
        # TorchScript is what was asked for.
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated", FutureWarning)
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated", DeprecationWarning)
        # A guess that something was fixed; the comparison on other sizes knows.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]  # torch does not list it
        yield
