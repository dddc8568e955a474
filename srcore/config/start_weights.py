"""Weights that only a training that begins reads: what goes on has its own in a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from srcore.capabilities import option_capability
from srcore.config.paths import inputs_of
from srcore.config.schema import Experiment
from srcore.config.selections import selections
from srcore.options import Selected
from srcore.options.declaration import key_of


@attrs.frozen
class StageNetwork:
    """A network of a stage: what it is built from."""

    selected: Selected
    scale: int

    @property
    def settings(self) -> dict[str, Any]:
        """Its options by key, and the scale."""
        fields = attrs.fields(type(self.selected.options))
        values = {key_of(field): getattr(self.selected.options, field.name) for field in fields}
        return {"scale": self.scale, **values}

    def having(self, key: str, other: StageNetwork) -> StageNetwork:
        """The same network with one setting of another one of its type."""
        if key == "scale":
            return attrs.evolve(self, scale=other.scale)
        options = self.selected.options
        field = next(it for it in attrs.fields(type(options)) if key_of(it) == key)
        value = getattr(other.selected.options, field.name)
        changed = attrs.evolve(options, **{field.alias or field.name: value})
        return attrs.evolve(self, selected=attrs.evolve(self.selected, options=changed))


def start_weights(experiment: Experiment) -> Iterator[tuple[str, Path]]:
    """Keys and files that trained networks start from; of frozen ones no checkpoint knows."""
    for name, role in experiment.roles().items():
        table = experiment.network_table(name)
        if role.trained and table is not None and table.weights is not None:
            yield weights_key(name), table.weights


def has_weights(experiment: Experiment) -> bool:
    """Whether a network starts from a file, or another part reads one that it says more of."""
    named = (experiment.network_table(name) for name in experiment.roles())
    if any(table is not None and table.weights is not None for table in named):
        return True
    return any(
        option_capability(selected.options, "unfit_weights") is not None
        and any(inputs_of(selected.options))
        for _, selected in selections(experiment)
    )


def weights_key(role: str) -> str:
    """The key that names the file that the network of a role starts from."""
    table = role if role in ("generator", "discriminator") else f"networks.{role}"
    return f"{table}.weights"
