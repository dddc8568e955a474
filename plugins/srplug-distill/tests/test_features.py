"""Outputs of modules by name: which, when, and what is left of it."""

import copy
import pickle

import pytest
import torch
from srplug_distill.features import Tap
from torch import nn

from srcore.engine.recomputing import recompute_
from srcore.errors import SrcoreError
from srcore.networks.compact import Compact
from srcore.networks.edsr import EDSR


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Compact(scale=2, num_features=4, num_convs=1, activation="leaky_relu")


@pytest.fixture
def image():
    return torch.rand(2, 3, 8, 6, generator=torch.Generator().manual_seed(0))


def hooks_of(network):
    return [hook for module in network.modules() for hook in module._forward_hooks.values()]


def test_gives_what_the_modules_computed_with_its_graph(network, image):
    tap = Tap(network, ["body.0", "body.3", "body.0"], "student")
    with tap.taking({}) as maps:
        sr = network(image)
    assert maps.keys() == {"body.0", "body.3"}
    first = network.body[0](image)
    assert torch.equal(maps["body.0"], first)  # though its activation changes it in place
    assert torch.equal(maps["body.3"], network.body[3](network.body[2](network.body[1](first))))
    maps["body.3"].sum().backward()
    assert network.body[2].weight.grad is not None
    assert network.body[4].weight.grad is None
    tap.close()
    assert torch.equal(network(image), sr)


def test_outside_of_the_block_nothing_is_kept(network, image):
    tap, maps = Tap(network, ["body.0"], "student"), {}
    network(image)
    with pytest.raises(ZeroDivisionError), tap.taking(maps):
        raise ZeroDivisionError
    network(image)
    assert maps == {}


def test_the_last_call_of_a_module_counts(image):
    shared = nn.Conv2d(3, 3, 1)
    network = nn.Sequential(shared, nn.ReLU(), shared)
    with Tap(network, ["0"], "student").taking({}) as maps:
        output = network(image)
    assert torch.equal(maps["0"], output)


def test_nothing_is_left_after_closing(network):
    names = [name for name, _ in network.named_modules()]
    state = {name: value.clone() for name, value in network.state_dict().items()}
    tap = Tap(network, ["body.0", "body.4"], "student")
    assert len(hooks_of(network)) == 2
    assert [name for name, _ in network.named_modules()] == names
    assert network.state_dict().keys() == state.keys()
    tap.close()
    tap.close()
    assert not hooks_of(network)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_keep_nothing(network, image, copied):
    tap, maps = Tap(network, ["body.0"], "student"), {}
    twin = copied(network)
    with tap.taking(maps):
        expected = twin(image)
    assert maps == {}
    assert torch.equal(network(image), expected)


@pytest.mark.parametrize("name", ["body.1", "body.0.conv1"])
def test_what_is_computed_again_is_not_taken_again(image, name):
    torch.manual_seed(0)
    plain = EDSR(scale=2, num_features=4, num_blocks=2)
    again = copy.deepcopy(plain)
    assert recompute_(again) == 2
    gradients = []
    for network in (plain, again):
        with Tap(network, [name], "student").taking({}) as maps:
            sr = network(image)
        kept = maps[name]
        (sr.square().mean() + kept.abs().mean()).backward()
        assert maps[name] is kept
        gradients.append([it.grad for it in network.parameters()])
    assert all(map(torch.equal, *gradients))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bod.3", r'no module "bod\.3" in the student; did you mean "body\.3"\?'),
        ("trunk", r'no module "trunk" in the student; it has body and what is in them'),
        ("", r'no module "" in the student'),
    ],
)
def test_an_unknown_module_is_refused(network, name, message):
    with pytest.raises(SrcoreError, match=message):
        Tap(network, ["body.0", name], "student")
    assert not hooks_of(network)


@pytest.mark.slow
@pytest.mark.parametrize("recomputed", [False, True])
@pytest.mark.parametrize("precision", [None, torch.bfloat16])
def test_a_compiled_network_gives_the_same(image, recomputed, precision):
    torch.compiler.reset()
    torch.manual_seed(0)
    plain = EDSR(scale=2, num_features=4, num_blocks=2)
    inner = copy.deepcopy(plain)
    if recomputed:
        recompute_(inner)
    compiled = torch.compile(inner)
    taps = [Tap(network, ["body.0", "conv_first"], "student") for network in (plain, inner)]
    for number in range(3):
        seen, gradients = [], []
        for network, tap in zip((plain, compiled), taps, strict=True):
            network.zero_grad()
            with tap.taking({}) as maps, torch.autocast("cpu", precision, precision is not None):
                sr = network(image + number)
            (sr.float().square().mean() + maps["body.0"].float().abs().mean()).backward()
            seen.append(maps)
            gradients.append([it.grad for it in network.parameters()])
        tolerance = {"rtol": 3e-2, "atol": 3e-2} if precision else {"rtol": 1e-4, "atol": 1e-5}
        for name in seen[0]:
            torch.testing.assert_close(seen[1][name], seen[0][name], **tolerance)
        for one, other in zip(*gradients, strict=True):
            torch.testing.assert_close(other, one, **tolerance)
    torch.compiler.reset()
