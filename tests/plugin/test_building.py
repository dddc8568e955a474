"""What a component is built from: keywords, whose defaults are those of its options."""

import inspect

import attrs
import pytest

from srcore.plugin.manager import PluginManager
from srcore.plugin.targets import resolve

#: The default of a class that serves several components is that of the first. In Python a
#: discriminator may be told its maps instead of semantics; an experiment has to say which.
SHARED = {
    ("method", "usrdu_dsn", "order"),
    *(("discriminator", name, "semantics") for name in ("sed_patch", "sed_unet")),
}


COMPONENTS = list(PluginManager().registry.components())


def default_of(field):
    made = isinstance(field.default, attrs.Factory)
    return field.default.factory() if made else field.default


@pytest.mark.parametrize("entry", COMPONENTS, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_a_constructor_has_the_defaults_of_its_keys_or_none(entry):
    """Whoever builds a part in Python gets what an experiment without keys gets."""
    parameters = inspect.signature(resolve(entry.target)).parameters
    for field in attrs.fields(entry.options):
        parameter = parameters.get(field.name)
        if parameter is None or parameter.default is inspect.Parameter.empty:
            continue
        if (entry.kind, entry.name, field.name) not in SHARED:
            assert parameter.default == default_of(field), field.name
