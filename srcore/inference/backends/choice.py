"""Which backend computes a network: the one that is named, or the fastest of those that can."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import attrs
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.errors import SrcoreError, cause
from srcore.inference.backends.backend import KIND, BackendError, NetworkBackend, ProgramOrder
from srcore.inference.backends.comparing import (
    check_alike,
    decibels_apart,
    processor_clock,
    processor_seconds,
)
from srcore.inference.backends.program import Program
from srcore.machine.devices import device_of
from srcore.messages import shown
from srcore.options.declaration import NoOptions
from srcore.options.spelling import spelled
from srcore.plugin.registry import Registry

logger = logging.getLogger("srcore")

TORCH, AUTO = "torch", "auto"

#: Characters of what an exporter says.
_LONGEST = 300


@attrs.frozen(kw_only=True)
class Choice:
    """What a network is to be computed by.

    Attributes:
        backend: a name, ``"torch"`` or ``"auto"``.
        precision: what it computes in.
        calibration: images for ``"int8"``.
        registry: knows the backends.
        work: how many pixels a network computes for each of the image; more where tiles overlap.
    """

    backend: str
    precision: str
    calibration: tuple[Tensor, ...]
    registry: Registry
    work: Callable[[nn.Module], float]

    def made(self, network: nn.Module, image: Tensor) -> nn.Module:
        """The network as the backend computes it, compared with PyTorch.

        Args:
            network: in evaluation mode, on its device.
            image: a part of the user's image, ``(1, C, h, w)``.

        Raises:
            BackendError: the backend cannot compute it, or computes something else.
            MissingExtraError: its packages are not installed.
        """
        if self.backend == AUTO:
            name, made = self._fastest(network, image)
        else:
            name, made = self.backend, self._compared(self.backend, network, image)
        if self.precision == "int8":
            decibels = decibels_apart(made, network, self.calibration)
            logger.warning(
                "%s: %s differs from float32 by %.1f dB (PSNR) on parts of %d images",
                spelled("precision", "int8"),
                name,
                decibels,
                len(self.calibration),
            )
        return made

    def _compared(self, name: str, network: nn.Module, image: Tensor) -> Program:
        """A program that was tried on the image."""
        backend = find_backend(name, self.precision, self.registry)
        _refuse_unfit(name, backend, network)
        order = ProgramOrder(
            network=network, example=image, precision=self.precision, calibration=self.calibration
        )
        try:
            program = Program(network, backend.program(order), backend).eval()
            program(image)
        except Exception as error:  # exporters and compilers raise whatever they like
            reason = str(error) if isinstance(error, SrcoreError) else cause(error)[:_LONGEST]
            text = (
                f"{spelled('backend', name)}: cannot compute this network: {reason}; use "
                f"{spelled('backend', TORCH)}"
            )
            raise BackendError(text) from error
        if self.precision == "float32":
            check_alike(name, program, image)
        return program

    def _fastest(self, network: nn.Module, image: Tensor) -> tuple[str, nn.Module]:
        """The one of least processor time; one line says which, and the others' time."""
        made: dict[str, nn.Module] = dict(self._candidates(network, image))
        if not made:
            raise BackendError(
                f"{spelled('backend', AUTO)}: no backend that is installed here has precision "
                f"{self.precision} for this network; pip install 'srcore[onnx]'"
            )
        seconds = {
            name: processor_seconds(candidate, image, processor_clock) * self.work(candidate)
            for name, candidate in made.items()
        }
        best = min(seconds, key=lambda name: seconds[name])
        others = ", ".join(f"{it} {seconds[it] / seconds[best]:.2f}x" for it in made if it != best)
        logger.warning(
            "%s: %s%s",
            spelled("backend", AUTO),
            best,
            f" is the fastest here (processor time of others: {others})" if others else "",
        )
        return best, made[best]

    def _candidates(self, network: nn.Module, image: Tensor) -> Iterator[tuple[str, nn.Module]]:
        if self.precision != "int8":
            yield TORCH, network
        for component in self.registry.components(KIND):
            try:
                if find_backend(component.name, self.precision, self.registry).is_quick:
                    yield component.name, self._compared(component.name, network, image)
            except SrcoreError as error:
                logger.debug("%s: without %s: %s", spelled("backend", AUTO), component.name, error)


def find_backend(name: str, precision: str, registry: Registry) -> NetworkBackend:
    """A backend that could compute in a precision on this machine.

    Raises:
        BackendError: there is none of that name, or it has not the precision.
        SrcoreError: its packages are not installed.
    """
    names = [component.name for component in registry.components(KIND)]
    if name not in names:
        expected = ", ".join((TORCH, *names))
        raise BackendError(
            f"{spelled('backend')}: expected {expected} or {AUTO}, found {shown(name)}"
        )
    backend: NetworkBackend = registry.get(KIND, name).build(NoOptions())
    if precision not in backend.precisions:
        raise BackendError(
            f"{spelled('backend', name)}: has no precision {precision}; it has "
            f"{', '.join(backend.precisions)}; use {spelled('backend', AUTO)}"
        )
    backend.require()
    return backend


def _refuse_unfit(name: str, backend: NetworkBackend, network: nn.Module) -> None:
    """Refuse a network that sees more than the image, or lies on another device."""
    for ability in ("draw", "condition"):
        if capability("network", network, ability) is not None:
            raise BackendError(
                f"{spelled('backend', name)}: the network sees more than the image ({ability}); "
                f"use {spelled('backend', TORCH)}"
            )
    device = device_of(network).type
    if device not in backend.devices:
        raise BackendError(
            f"{spelled('backend', name)}: computes on {', '.join(backend.devices)}, not on "
            f"{device}; use {spelled('device', backend.devices[0])} or {spelled('backend', TORCH)}"
        )
