"""Models that an experiment starts from by their bare names: ``weights = "x4"``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srcore.config.paths import STAGE_PREFIX
from srcore.config.reading import SourcedText
from srcore.models.addresses import is_address
from srcore.models.resolving import address_in
from srcore.plugin.registry import Registry

_ROLES = ("generator", "discriminator")


def with_addresses(table: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """A table of a stage in which bare names of models are addresses, such as ``model:x4``.

    As on the command line, a file is taken before a model of its name.

    Args:
        table: as read; not changed.
        registry: knows the lists of models.
    """
    addressed = dict(table)
    for role in _ROLES:
        if isinstance(network := table.get(role), dict):
            addressed[role] = _with_address(network, registry)
    if isinstance(networks := table.get("networks"), dict):
        addressed["networks"] = {
            name: _with_address(it, registry) if isinstance(it, dict) else it
            for name, it in networks.items()
        }
    return addressed


def _with_address(network: dict[str, Any], registry: Registry) -> dict[str, Any]:
    text = network.get("weights")
    if not isinstance(text, str) or text.startswith(STAGE_PREFIX) or is_address(text):
        return network
    base = text.base if isinstance(text, SourcedText) else Path.cwd()
    address = address_in(text, registry, base)
    return {**network, "weights": SourcedText(address, base)} if address else network
