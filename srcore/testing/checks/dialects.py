"""What weight dialects are tried for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from srcore.plugin.manager import plugins
from srcore.testing.specimen import Specimen, is_same
from srcore.weights.dialects import Dialect, recognize


def reads_back_what_it_writes(name: str, dialect: Dialect, specimen: Specimen) -> Iterator[str]:
    """Weights that are written come back with their names, values and options.

    Args:
        name: registered name of the dialect.
        dialect: the dialect.
        specimen: its network.
    """
    network = specimen.build(scale=specimen.scale)
    native = {key: value.clone() for key, value in network.state_dict().items()}
    from srcore.config.plain_tables import as_table

    options: dict[str, Any] = {**as_table(specimen.options), "scale": specimen.scale}
    written = dialect.from_native(native, options)
    if not dialect.matches(written):
        yield "expected matches() to know what from_native() wrote, found that it does not"
        return
    first = recognize(written, plugins().registry, network=dialect.network)
    if first is None or first[0] != name:
        other = "none" if first is None else first[0]
        yield f"expected to be the first that knows its files, found {other} before it"
    if not all(torch.is_tensor(value) for value in written.values()):
        yield "expected from_native() to give tensors, found others"
        return
    back = dialect.read(written, name, specimen.scale)
    kept = {
        key: value for key, value in native.items() if not key.endswith(back.computed or ("\0",))
    }
    given = {key: value for key, value in back.state.items() if key in kept}
    if given.keys() != kept.keys():
        missing = sorted(kept.keys() - given.keys())
        yield f"expected to_native() to give back {missing[0]} and all others, found it missing"
    elif not is_same(given, kept):
        yield "expected to_native() to give back the values, found others"
    if back.scale != specimen.scale:
        yield f"expected infer_options() to find scale = {specimen.scale}, found {back.scale}"
    yield from _complain_options(specimen, back.options, native)


def _complain_options(
    specimen: Specimen, told: dict[str, Any], native: dict[str, Any]
) -> Iterator[str]:
    """Options that the file tells must make the same network."""
    from srcore.testing.specimen import options_for

    keys = {name: value for name, value in told.items() if name != "scale"}
    options = options_for(specimen.component, keys)
    shapes = {
        name: tuple(value.shape)
        for name, value in specimen.component.build(options, scale=specimen.scale)
        .state_dict()
        .items()
    }
    if shapes != {name: tuple(value.shape) for name, value in native.items()}:
        yield f"expected infer_options() to find the network, found another: {told}"
