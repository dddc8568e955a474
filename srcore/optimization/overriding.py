"""Options of an optimizer with the settings of a group of parameters; without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from srcore.options import Selected

if TYPE_CHECKING:
    from srcore.config.group_table import GroupTable

#: What the factor of a group multiplies: every key that has this in its name.
RATE = "learning_rate"


def of_group(selected: Selected, group: GroupTable) -> Selected:
    """The optimizer as a group has it."""
    factored = {
        key: value * group.learning_rate_factor
        for key, value in rates(selected.options).items()
        if group.learning_rate_factor != 1
    }
    return overridden(selected, factored | group.overrides)


def overridden(selected: Selected, values: dict[str, Any]) -> Selected:
    """The optimizer with other values; tables are merged."""
    given = {
        key: {**getattr(selected.options, key), **value} if isinstance(value, dict) else value
        for key, value in values.items()
    }
    return attrs.evolve(selected, options=attrs.evolve(selected.options, **given))


def rates(options: Any) -> dict[str, float]:
    """Learning rates among the options."""
    values = {field.name: getattr(options, field.name) for field in attrs.fields(type(options))}
    return {name: it for name, it in values.items() if RATE in name and isinstance(it, float)}
