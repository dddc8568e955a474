"""A file tells what its network computes, or the check says what it does not tell."""

import typing
import warnings
from types import SimpleNamespace

import attrs
import pytest
import torch
from spandrel import MAIN_REGISTRY
from srplug_spandrel import weights
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import tiny, tried_scale
from srplug_spandrel.untold import UNTOLD

from srcore.checking.remarks import remarks
from srcore.plugin.manager import plugins
from srcore.testing.experiments import typed
from srcore.testing.specimen import options_for

#: Keys without which others have no effect.
FURTHER = {
    "grl": {"depths": [4]},
    "plksr": {"lk_type": "SparsePLK"},
    "uformer": {"depths": [2] * 9},
}


class ImpossibleError(Exception):
    """A value that no network has."""


def others(kind, value):
    """Values of a key beside the one that it has."""
    if typing.get_origin(kind) is typing.Literal:
        return [word for word in typing.get_args(kind) if word != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [2 * value, value + 2]
    if isinstance(value, float):
        return [value / 2 if value else 0.1]
    if isinstance(value, tuple):
        return [[2 * part for part in value]] if value and not isinstance(value[0], str) else []
    return [0.5]


@torch.no_grad()
def apart(name, keys):
    """Whether spandrel makes another picture of the file than the network that wrote it."""
    component, scale = plugins().registry.get("network", f"spandrel_{name}"), tried_scale(name)
    options = options_for(component, keys)
    train = SimpleNamespace(batch_size=2, accumulate=1)
    if list(options.problems(SimpleNamespace(scale=scale, train=train, task=None))):
        raise ImpossibleError
    torch.manual_seed(0)
    sides = (128, 128) if name == "uformer" else (48, 64)
    image = torch.rand(1, 3, *sides)
    try:
        network = component.build(options, scale=scale).eval()
        network(image)
    except Exception as error:  # whatever a value breaks that goes with other keys only
        raise ImpossibleError from error
    for parameter in network.parameters():  # some begin as zeros and would hide what follows them
        parameter.add_(0.05 * torch.randn_like(parameter))
    told = {**attrs.asdict(options), "scale": scale}
    state = getattr(weights, name).from_native(network.state_dict(), told)
    made = network(image).clamp(0, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = MAIN_REGISTRY[ARCHITECTURES[name].id].architecture.load(dict(state))
        theirs.model.eval()
        return theirs.scale != scale or not torch.allclose(theirs(image.clone()), made, atol=1e-4)
    except RuntimeError:  # it takes it for a network of other tensors
        return True


def wrong(name):
    """Keys that files do not tell and nobody says so, and keys of which that is said falsely."""
    component = plugins().registry.get("network", f"spandrel_{name}")
    small = {**tiny(name, tried_scale(name)), **FURTHER.get(name, {})}
    base = options_for(component, small)
    kinds = typing.get_type_hints(component.options)
    for field in attrs.fields(component.options):
        key = field.name
        if key == "channels" or "drop" in key or key == "init_method":
            continue  # of training only
        outcomes = []
        for value in others(kinds[key], getattr(base, key)):
            try:
                outcomes.append(apart(name, {**small, key: value}))
            except ImpossibleError:
                continue
        if outcomes and any(outcomes) != (key in UNTOLD.get(name, {})):
            yield key, outcomes


@pytest.mark.parametrize("name", ["hat", "span", "realplksr"])
def test_files_tell_what_networks_compute_or_it_is_said(name):
    assert list(wrong(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(ARCHITECTURES) - {"hat", "span", "realplksr"}))
def test_files_of_all_networks_tell_or_it_is_said(name):
    assert list(wrong(name)) == []


def test_nothing_is_said_of_defaults_and_published_sizes():
    for name in ARCHITECTURES:
        component = plugins().registry.get("network", f"spandrel_{name}")
        for keys in ({}, tiny(name, tried_scale(name))):
            options = options_for(component, keys)
            assert list(options.remarks(SimpleNamespace())) == [], name
    for name, keys in UNTOLD.items():
        fields = {
            field.name
            for field in attrs.fields(plugins().registry.get("network", f"spandrel_{name}").options)
        }
        assert keys.keys() <= fields


def test_the_check_says_what_other_programs_assume(tmp_path):
    table = {
        "name": "x",
        "scale": 4,
        "generator": {"type": "spandrel_hat", "img_range": 255.0},
        "losses": [{"type": "l1"}],
        "data": {"train": {"type": "hr_folder", "hr": str(tmp_path)}},
    }
    (remark,) = [it for it in remarks(typed(table)) if it.path.startswith("generator")]
    assert str(remark.path) == "generator.img_range"
    assert remark.message == (
        "files of spandrel_hat do not tell it: other programs compute with 1.0; found 255.0"
    )
