"""The network that an image goes through: the given one, or what a backend makes of it, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

import attrs
from torch import Tensor, nn

from srcore.images import list_images
from srcore.inference.backends.backend import BackendError, NetworkBackend, RunProgram
from srcore.inference.backends.calibration import calibration_images, middle_part
from srcore.inference.backends.choice import AUTO, TORCH, Choice, find_backend
from srcore.inference.backends.core import core_only
from srcore.inference.backends.program import Program
from srcore.inference.border import Continued
from srcore.inference.options import UpscaleOptions
from srcore.inference.streaming.verification import Situation, versions_of
from srcore.options.spelling import Placeholder, spelled
from srcore.plugin.registry import Registry

#: Side of the part of an image by which programs are compared and timed, in low-resolution pixels.
_PART = 64

_MadeOf = tuple[Situation, str, str, Path | None]
#: What programs consist of beside the network, which would else never go; None: PyTorch itself.
_made: WeakKeyDictionary[nn.Module, dict[_MadeOf, tuple[RunProgram, NetworkBackend] | None]] = (
    WeakKeyDictionary()
)


def on_backend(
    network: nn.Module,
    image: Continued,
    options: UpscaleOptions,
    registry: Registry | None,
    work: Callable[[nn.Module], float],
) -> tuple[nn.Module, UpscaleOptions]:
    """What computes an image, and the options for it.

    What was made of a network is used again for later images while its weights are the same.

    Args:
        network: in evaluation mode, on its device.
        image: what is enlarged; a part of its middle tries the backend.
        options: name the backend.
        registry: knows the backends; None: the core's own.
        work: pixels that a network computes for each one of the image, where tiles overlap.

    Raises:
        BackendError: the backend cannot compute the network, or computes something else.
        SrcoreError: packages or calibration images are missing.
    """
    registry = registry or core_only()
    check_options(options, registry)
    if options.backend == TORCH:
        return network, options
    key = versions_of(network), options.backend, options.precision, options.calibration
    known = _made.setdefault(network, {})
    if key not in known:
        known.clear()  # of other weights
        choice = Choice(
            backend=options.backend,
            precision=options.precision,
            calibration=_calibration(network, options.calibration),
            registry=registry,
            work=work,
        )
        made = choice.made(network, middle_part(network, image, _PART))
        known[key] = (made.run, made.backend) if isinstance(made, Program) else None
    parts = known[key]
    if parts is None:
        return network, options
    program = Program(network, *parts).eval()
    # Of 8 bits is the program, not what goes into it.
    is_inside = options.precision == "int8"
    return program, attrs.evolve(options, precision="float32") if is_inside else options


def check_options(options: UpscaleOptions, registry: Registry) -> None:
    """Refuse what no network and no image can make right, before any of them is read.

    Raises:
        BackendError: an unknown backend, one without the precision, a folder where none is used.
        SrcoreError: packages are missing, or the folder has no images.
    """
    if options.precision == "int8" and options.backend == TORCH:
        raise BackendError(f"{_int8()}: PyTorch has none here; use {spelled('backend', AUTO)}")
    if options.precision == "int8" and options.calibration is None:
        raise BackendError(
            f"{_int8()}: needs {spelled('calibration', Placeholder('FOLDER'))}, images such "
            "as those to be enlarged"
        )
    if options.calibration is not None and options.precision != "int8":
        raise BackendError(f"{spelled('calibration')}: goes with {_int8()}")
    if options.backend not in (TORCH, AUTO):
        find_backend(options.backend, options.precision, registry)
    if options.calibration is not None:
        list_images(options.calibration)


def _calibration(network: nn.Module, folder: Path | None) -> tuple[Tensor, ...]:
    return () if folder is None else calibration_images(network, folder)


def _int8() -> str:
    return spelled("precision", "int8")
