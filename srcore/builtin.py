"""The core's own parts, registered through the same hooks that outsiders use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Register the core's components, one function per kind."""
    _register_networks(registry)
    _register_discriminators(registry)
    _register_losses(registry)
    _register_transforms(registry)
    _register_datasets(registry)
    _register_methods(registry)
    _register_metrics(registry)
    _register_optimization(registry)


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """Register the TOML files beside this module."""
    registry.add_experiments("", Path(__file__).parent / "experiments")


@hookimpl
def srcore_register_weight_dialects(registry: Registry) -> None:
    """Register the key layouts of the programs whose checkpoints the field exchanges."""
    weights = "srcore.weights"
    registry.add_dialect("rrdbnet_basicsr", f"{weights}.rrdbnet:BASICSR")
    registry.add_dialect("rrdbnet_old_esrgan", f"{weights}.rrdbnet:OLD_ESRGAN")
    registry.add_dialect("rrdbnet_esrgan_new", f"{weights}.rrdbnet:ESRGAN_NEW")
    registry.add_dialect("rrdbnet_esrdgan", f"{weights}.rrdbnet:ESRDGAN")
    registry.add_dialect("edsr_basicsr", f"{weights}.edsr:BASICSR")
    registry.add_dialect("edsr_pytorch", f"{weights}.edsr:EDSR_PYTORCH")
    registry.add_dialect("msrresnet_basicsr", f"{weights}.msrresnet:BASICSR")
    registry.add_dialect("swinir_official", f"{weights}.swinir:OFFICIAL")


def _register_networks(registry: Registry) -> None:
    pass


def _register_discriminators(registry: Registry) -> None:
    pass


def _register_losses(registry: Registry) -> None:
    pass


def _register_transforms(registry: Registry) -> None:
    pass


def _register_datasets(registry: Registry) -> None:
    pass


def _register_methods(registry: Registry) -> None:
    pass


def _register_metrics(registry: Registry) -> None:
    pass


def _register_optimization(registry: Registry) -> None:
    pass
