"""Sizes of networks have upper limits: what no machine builds is refused before it is tried."""

import attrs
import pytest

from srcore.options.declaration import declaration_of
from srcore.plugin.manager import plugins

#: Whole numbers that no module's size depends on.
NO_SIZES = {"hash_seed", "chop_pixels"}
NETWORKS = [
    entry
    for kind in ("network", "discriminator")
    for entry in plugins().registry.components(kind)
    if entry.owner == "srcore" or entry.owner.startswith("srplug-")
]


@pytest.mark.parametrize("entry", NETWORKS, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_every_size_has_an_upper_limit(entry):
    sizes = [
        field
        for field in attrs.fields(entry.options)
        if field.name not in NO_SIZES
        and (field.type in ("int", int) or "tuple[int" in str(field.type))
    ]
    declared = {field.name: declaration_of(field) for field in sizes}
    unlimited = [name for name, said in declared.items() if said.le is None and said.lt is None]
    assert not unlimited
