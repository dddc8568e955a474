"""Options of a network that are chosen anew whenever it is used, such as the steps of a sampler."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from srcore.config.overrides import parse_override
from srcore.errors import WeightsError
from srcore.options.declaration import declaration_of, key_of
from srcore.plugin.registry import Registry
from srcore.weights.dialects import Recognized


def chosen(assignments: Iterable[str]) -> dict[str, Any]:
    """``KEY=VALUE`` of the command line as a table; values are TOML, bare words are strings.

    >>> chosen(["steps=4"])
    {'steps': 4}

    Raises:
        ConfigError: an assignment without ``=``.
    """
    return {".".join(keys): value for keys, value in map(parse_override, assignments)}


def with_options(
    recognized: Recognized, options: Mapping[str, Any], registry: Registry, source: str
) -> Recognized:
    """Recognized weights whose network is built with other options of use.

    Raises:
        WeightsError: an option that the weights decide, or that the network does not have.
    """
    if not options:
        return recognized
    component = registry.get("network", recognized.network)
    free = [
        key_of(field)
        for field in attrs.fields(component.options)
        if declaration_of(field).inference
    ]
    wrong = [name for name in options if name not in free]
    if wrong:
        known = f"it has {', '.join(free)}" if free else "it has none"
        raise WeightsError(
            f"{source}: {recognized.network} has no option {', '.join(wrong)} that can be chosen "
            f"when it is used; {known}"
        )
    return attrs.evolve(recognized, options={**recognized.options, **options})
