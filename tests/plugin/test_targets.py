"""What components are built by: a default stands in the class of options and nowhere else."""

import ast
import functools
import inspect
import textwrap

import attrs
import pytest

from srcore.plugin.manager import PluginManager
from srcore.plugin.targets import resolve

OURS = [
    component
    for component in PluginManager().registry.components()
    if component.owner.startswith("srcore") or component.owner.startswith("srplug-")
]


def literals(function):
    """Defaults of parameters that are written there as values, by name."""
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    given = [*node.args.posonlyargs, *node.args.args]
    pairs = [
        *zip(given[len(given) - len(node.args.defaults) :], node.args.defaults, strict=True),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        try:
            yield argument.arg, ast.literal_eval(default)
        except ValueError:  # none, or a name
            continue


@pytest.mark.parametrize("component", OURS, ids=lambda it: f"{it.owner}-{it.kind}-{it.name}")
def test_no_constructor_repeats_a_default_of_its_options(component):
    """``_DEFAULT = defaults(EDSROptions)`` and ``num_blocks: int = _DEFAULT.num_blocks``."""
    target = resolve(component.target)
    if isinstance(target, functools.partial):
        target = target.func
    function = inspect.unwrap(target.__init__ if inspect.isclass(target) else target)
    if not inspect.isfunction(function) or not function.__module__.startswith(("srcore", "srplug")):
        return  # torch's optimizers
    declared = {field.name: field.default for field in attrs.fields(component.options)}
    repeated = {name for name, value in literals(function) if declared.get(name, attrs) == value}
    assert repeated == set()
