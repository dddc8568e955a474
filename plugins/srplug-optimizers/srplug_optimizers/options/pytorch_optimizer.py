"""Keys of ``pytorch_optimizer``, which takes any optimizer of that library by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from srcore.options import option
from srplug_optimizers.by_name import TYPES, name_complaint, signatures

if TYPE_CHECKING:
    from srcore.config.schema import Experiment


@attrs.frozen(kw_only=True)
class Options:
    """Any optimizer of pytorch-optimizer by its name there; its arguments are checked."""

    name: str = option(
        help="its name in pytorch_optimizer, lower case without underscores, such as yogi",
        check=name_complaint,
    )
    learning_rate: float | None = option(
        None, "base learning rate, before the schedule; none: the default of its class", gt=0
    )
    arguments: dict[str, bool | float | str | tuple[float, ...]] = option(
        factory=dict, help="further arguments of its class, by the names that they have there"
    )

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Arguments that the class does not take, or lacks."""
        signature = signatures()[self.name]
        for key, value in self.arguments.items():
            complaint = signature.complaint(key, value)
            if key == "lr":
                complaint = "is learning_rate, beside arguments"
            if complaint:
                yield f"arguments.{key}", complaint
        for key in signature.required:
            if key not in self.arguments:
                kind = TYPES.get(signature.arguments[key][0], "a word")
                yield f"arguments.{key}", f"required key is missing ({kind})"
