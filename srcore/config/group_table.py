"""Parameters of a network that are trained with settings of their own."""

from __future__ import annotations

import attrs

from srcore.options.declaration import further_keys, option


@attrs.frozen(kw_only=True)
class GroupTable:
    """``[[optimizer.generator.groups]]``: parameters with settings of their own.

    A parameter belongs to the first group that matches it.
    """

    match: str | tuple[str, ...] = option(
        help='pattern of names of parameters, such as "*.bias", or a list of them'
    )
    learning_rate_factor: float = option(1.0, "of the learning rates of the table", gt=0)
    overrides: dict[str, bool | float | str | tuple[float, ...] | dict[str, bool | float | str]] = (
        further_keys("any key of the optimizer, such as `weight_decay`: its value for the group")
    )

    @property
    def patterns(self) -> tuple[str, ...]:
        """All patterns."""
        return (self.match,) if isinstance(self.match, str) else self.match
