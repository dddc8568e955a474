"""Every optimizer of the library that is refused says why in one line, and it is so."""

import inspect
import io
import pickle
from types import SimpleNamespace

import pytest
import pytorch_optimizer
import torch
from pytorch_optimizer.base.exception import NoClosureError
from srplug_optimizers.by_name import signatures
from torch import nn

import srcore
from srcore.errors import ConfigError, SrcoreError
from srcore.launching.stages import run_experiment
from srcore.testing.experiments import load_checked

REFUSED = {name: entry.refused for name, entry in signatures().items() if entry.refused}
#: Wrappers that the library lists under no name.
WRAPPERS = {
    "sam": "SAM",
    "gsam": "GSAM",
    "wsam": "WSAM",
    "looksam": "LookSAM",
    "friendlysam": "FriendlySAM",
}
#: Arguments without default.
NEEDED = {"bsam": {"num_data": 4}}


def because(words):
    """Names that are refused for a reason with these words."""
    names = sorted(name for name, reason in REFUSED.items() if words in reason)
    assert names, words
    return pytest.mark.parametrize("name", names)


def class_of(name):
    if name in WRAPPERS:
        return getattr(pytorch_optimizer, WRAPPERS[name])
    return pytorch_optimizer.load_optimizer(name)


def trained(name, network=None):
    """An optimizer whose parameters have gradients."""
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 3, padding=1), nn.Flatten(2))
    network = network or nn.Sequential(*layers, nn.Linear(16, 6))
    keys = NEEDED.get(name, {})
    if name in WRAPPERS:
        keys = {"base_optimizer": torch.optim.SGD, "lr": 1e-3}
    if name == "gsam":
        keys["base_optimizer"] = torch.optim.SGD(network.parameters(), lr=1e-3)
        keys["rho_scheduler"] = SimpleNamespace(step=lambda: 0.05)
    if name in ("gsam", "wsam"):
        keys["model"] = network
    made = class_of(name)(params=list(network.parameters()), **keys)
    network(torch.rand(2, 3, 4, 4)).square().mean().backward()
    return made


@pytest.mark.parametrize("name", REFUSED)
def test_the_check_says_why_in_one_line(name, tiny_experiment):
    optimizer = f'optimizer.generator={{type="pytorch_optimizer", name="{name}"}}'
    with pytest.raises(ConfigError) as caught:
        load_checked(tiny_experiment, [optimizer])
    (problem,) = caught.value.problems
    assert problem.path == "optimizer.generator.name"
    assert problem.message == f'"{name}" cannot be trained with: {REFUSED[name]}'
    assert "\n" not in problem.message


@because("a closure")
def test_closures_are_asked_for(name):
    with pytest.raises((NoClosureError, TypeError), match=r"closure|callable"):
        trained(name).step()


@because("second derivatives")
def test_second_derivatives_are_asked_for(name):
    with pytest.raises(RuntimeError, match="does not require grad"):
        trained(name).step()


@because("state holds objects")
def test_states_need_code_to_be_read(name):
    optimizer = trained(name)
    optimizer.step()
    stream = io.BytesIO()
    torch.save(optimizer.state_dict(), stream)
    stream.seek(0)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(stream, weights_only=True)


#: Not Conda: it keeps objects for matrices, which the tiny network has none of.
@pytest.mark.parametrize("name", ["adashift", "scalableshampoo", "scion", "scionlight"])
@pytest.mark.filterwarnings("ignore")  # of the library's classes
def test_states_that_cannot_be_read_back_are_refused_at_the_first_save(
    name, isolated_plugins, tiny_experiment, tmp_path
):
    """By the core, for whoever registers the class itself."""
    registry = isolated_plugins.registry.owned_by("srplug-own")
    registry.add("optimizer", "own", None, lambda parameters: class_of(name)(parameters, lr=1e-4))
    expected = (
        r'^optimizer\.generator "own" \(srplug-own\): its state cannot be read back from a '
        r"checkpoint: optimizers\.generator\.\S+ is a "
    )
    loaded = srcore.load_experiment(tiny_experiment, ['optimizer.generator={type="own"}'])
    with pytest.raises(SrcoreError, match=expected) as caught:
        run_experiment(loaded, tmp_path / "runs", quiet=True)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "runs").rglob("*.pt"))


@because("backward pass")
def test_networks_are_asked_for_to_change_them_in_the_backward_pass(name):
    assert next(iter(inspect.signature(class_of(name)).parameters)) == "model"
    assert "register_hook" in inspect.getsource(inspect.getmodule(class_of(name)))


@because("a language model")
def test_layers_are_looked_for_by_their_names(name):
    assert "lm_head" in inspect.getsource(class_of(name))


@because("between processes")
def test_gradients_are_exchanged_by_the_optimizer(name):
    source = inspect.getsource(inspect.getmodule(class_of(name)))
    assert "all_gather" in source


@because("no learning rate")
def test_there_is_no_learning_rate(name):
    assert all("lr" not in group for group in trained(name).param_groups)


@because("matrices only")
def test_other_parameters_than_matrices_are_refused(name):
    with pytest.raises(ValueError, match="2D"):
        trained(name).step()


@because("low-rank factors")
def test_parameters_are_taken_as_pairs(name):
    """Whatever they are: a weight and its bias too."""
    optimizer = trained(name)
    (group,) = optimizer.param_groups
    pairs = list(optimizer.iter_lora_pairs(group))
    assert [tuple(map(id, pair)) for pair in pairs] == [
        (id(weight), id(bias))
        for weight, bias in zip(group["params"][::2], group["params"][1::2], strict=True)
    ]


def test_every_reason_is_shown_to_hold():
    shown = set()
    for value in globals().copy().values():
        for mark in getattr(value, "pytestmark", ()):
            shown.update(mark.args[1] if mark.name == "parametrize" else ())
    assert shown == set(REFUSED)
