"""What holds for parts of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from srcore.capabilities import near_misses
from srcore.options.describing import describe
from srcore.plugin.targets import resolve
from srcore.testing.specimen import Specimen

#: Kinds whose parts are built without anything that a specimen must make first.
_PLAIN = ("loss", "discriminator", "labels", "discriminator_input", "metric", "handler")


def keys_are_described(specimen: Specimen) -> Iterator[str]:
    """Every key of the options has a description."""
    for key, _, _, text in describe(specimen.component.options):
        if not text:
            yield f"expected a description of key {key}, found none"


def capabilities_are_spelt(specimen: Specimen) -> Iterator[str]:
    """What it may declare is spelt as srcore knows it: a misspelt one has no effect."""
    component = specimen.component
    for missed in near_misses(component.kind, built_or_class(specimen), component.options):
        yield f"expected names that srcore asks for; {missed}"


def is_built(specimen: Specimen) -> Iterator[str]:
    """It is built with its options and keeps the contract of its kind."""
    specimen.build()
    yield from ()


def built_or_class(specimen: Specimen) -> Any:
    """What to look at for capabilities: a built part, or its class where that needs more."""
    component = specimen.component
    if component.kind in ("network", "transform"):
        return specimen.build(scale=specimen.scale)
    if component.kind in _PLAIN:
        return specimen.build()
    return resolve(component.target, component.label, component.owner)


CHECKS = (keys_are_described, capabilities_are_spelt)
