"""What fits and what does not between the weights of a file and a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from torch import Tensor

_SHOWN = 3


@attrs.frozen
class Reshaped:
    """A tensor whose name is known on both sides and whose shape differs."""

    name: str
    in_file: tuple[int, ...]
    in_network: tuple[int, ...]

    def __str__(self) -> str:
        file, network = self.in_file, self.in_network
        if len(file) == len(network) == 4 and file[0] == network[0] and file[2:] == network[2:]:
            return f"{self.name} has {file[1]} input channels, the network {network[1]}"
        return f"{self.name} is {file}, in the network {network}"


@attrs.frozen
class KeyReport:
    """Comparison of a file with a network, in native names.

    Attributes:
        source: the file.
        network: registered name of the network type.
        dialect: how the file was written; empty: native names.
        fitting: tensors that exist on both sides with one shape.
        missing: tensors that the network has and the file lacks.
        unexpected: tensors that the file has and the network lacks.
        reshaped: tensors on both sides with different shapes.
        differences: settings that the file's tensors tell: name -> (file, network), those that
            differ.
    """

    source: str
    network: str
    dialect: str
    fitting: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[Reshaped, ...]
    differences: dict[str, tuple[Any, Any]] = attrs.field(factory=dict)

    @property
    def complete(self) -> bool:
        """Whether names and shapes agree in both directions."""
        return not (self.missing or self.unexpected or self.reshaped)

    def __str__(self) -> str:
        if self.complete:
            return f"all {len(self.fitting)} tensors fit"
        parts = [f"{len(self.fitting)} tensors fit"]
        for what, names in (
            ("missing in the file", self.missing),
            ("unknown to the network", self.unexpected),
            ("of another shape", self.reshaped),
        ):
            if names:
                shown = ", ".join(str(name) for name in names[:_SHOWN])
                more = f", ... {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
                parts.append(f"{len(names)} {what} ({shown}{more})")
        return "; ".join(parts)

    def explanation(self) -> str:
        """One line for a file that does not fit: the likely reason first, then the tensors."""
        reason = f"{self.source}: does not fit the {self.network}"
        differences = dict(self.differences)
        if "scale" in differences:
            file, network = differences.pop("scale")
            reason = f"{self.source}: holds x{file} weights, but the network is x{network}"
        if differences:
            told = (
                f"{name} {_in_report(file)} (network: {_in_report(network)})"
                for name, (file, network) in differences.items()
            )
            reason += f"; the file has {', '.join(told)}"
        return f"{reason}; {self}"


def report_keys(
    state: Mapping[str, Tensor],
    network_state: Mapping[str, Tensor],
    *,
    source: str = "weights",
    network: str = "network",
    dialect: str = "",
) -> KeyReport:
    """Compare native tensors of a file with those of a network."""
    both = [name for name in network_state if name in state]
    shapes = {name: (tuple(state[name].shape), tuple(network_state[name].shape)) for name in both}
    return KeyReport(
        source=source,
        network=network,
        dialect=dialect,
        fitting=tuple(name for name, (file, there) in shapes.items() if file == there),
        missing=tuple(name for name in network_state if name not in state),
        unexpected=tuple(name for name in state if name not in network_state),
        reshaped=tuple(
            Reshaped(name, file, there) for name, (file, there) in shapes.items() if file != there
        ),
    )


def _in_report(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
