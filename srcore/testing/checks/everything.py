"""What holds for parts of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from srcore.capabilities import near_misses
from srcore.options.describing import describe
from srcore.plugin.building import resolve
from srcore.testing.trial import Trial

#: Kinds whose parts are built without anything that a trial must make first.
_PLAIN = ("loss", "discriminator", "labels", "discriminator_input", "metric", "handler")


def keys_are_described(trial: Trial) -> Iterator[str]:
    """Every key of the options has a description."""
    for key, _, _, text in describe(trial.component.options):
        if not text:
            yield f"expected a description of key {key}, found none"


def capabilities_are_spelt(trial: Trial) -> Iterator[str]:
    """What it may declare is spelt as srcore knows it: a misspelt one has no effect."""
    component = trial.component
    for missed in near_misses(component.kind, built_or_class(trial), component.options):
        yield f"expected names that srcore asks for; {missed}"


def is_built(trial: Trial) -> Iterator[str]:
    """It is built with its options and keeps the contract of its kind."""
    trial.build()
    yield from ()


def built_or_class(trial: Trial) -> Any:
    """What to look at for capabilities: a built part, or its class where that needs more."""
    component = trial.component
    if component.kind in ("network", "transform"):
        return trial.build(scale=trial.scale)
    if component.kind in _PLAIN:
        return trial.build()
    return resolve(component.target, component.label, component.owner)


CHECKS = (keys_are_described, capabilities_are_spelt)
