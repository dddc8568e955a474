"""Blocks that are computed again: the same training, to the bit, with less memory."""

import copy

import pytest
import torch
from torch import nn

from srcore.engine.recomputing import recompute_
from srcore.errors import ConfigError
from srcore.testing import runs, write_tiny_images
from srcore.testing.experiments import load_checked


class Net(nn.Module):
    """Blocks with dropout and batch normalization, which count and draw."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(*(self.block() for _ in range(3)))

    @staticmethod
    def block():
        return nn.Sequential(nn.Conv2d(4, 4, 3, 1, 1), nn.BatchNorm2d(4), nn.Dropout(), nn.ReLU())

    def forward(self, x):
        return self.body(x)

    def checkpointed(self):
        return self.body.children()


def gradients(network, steps=2):
    for step in range(steps):
        torch.manual_seed(step)
        network(torch.rand(2, 4, 8, 8)).square().mean().backward()
    return {name: value.grad for name, value in network.named_parameters()}


def saved_values(network):
    """How many numbers the graph keeps for the backward pass, parameters aside."""
    own = {value.data_ptr() for value in network.parameters()}
    kept = {}

    def pack(value):
        if value.data_ptr() not in own:
            kept[value.data_ptr()] = value.numel()
        return value

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        network(torch.rand(2, 4, 8, 8, requires_grad=True))
    return sum(kept.values())


def test_gradients_and_statistics_are_the_same():
    torch.manual_seed(0)
    plain = Net()
    again = copy.deepcopy(plain)
    assert recompute_(again) == 3
    expected, again_gradients = gradients(plain), gradients(again)
    for name, value in expected.items():
        assert torch.equal(again_gradients[name], value), name
    states = zip(plain.state_dict().items(), again.state_dict().values(), strict=True)
    for (name, value), other in states:
        assert torch.equal(value, other), name


def test_less_is_kept():
    plain, again = Net(), Net()
    recompute_(again)
    assert saved_values(again) < saved_values(plain) / 2


def test_names_states_and_copies_are_what_they_were():
    network = Net()
    names = list(network.state_dict())
    recompute_(network)
    assert recompute_(network) == 3  # a second time changes nothing
    copied = copy.deepcopy(network)
    assert list(copied.state_dict()) == names
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    assert not copied.eval()(torch.ones(1, 4, 8, 8)).any()  # it computes with its own
    assert network.eval()(torch.ones(1, 4, 8, 8)).any()
    assert isinstance(network.body[0], nn.Sequential)


def test_a_network_without_blocks_is_left_alone():
    assert recompute_(nn.Conv2d(3, 3, 3)) == 0


EXPERIMENT = """
name = "x"
scale = 2
[generator]
type = "edsr"
num_features = 4
num_blocks = 2
[[losses]]
type = "l1"
[data.train]
type = "hr_folder"
hr = "images"
hr_patch_size = 32
workers = 0
[train]
batch_size = 2
ema_decay = 0.9
tensorboard = false
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "images", 3, height=48, width=48)
    (tmp_path / "x.toml").write_text(EXPERIMENT)
    return tmp_path / "x.toml"


def test_a_training_is_the_same_with_it(file, tmp_path):
    states = [
        runs.train_run(runs.short(file, [f"generator.checkpointing={value}"]), tmp_path / value)
        for value in ("false", "true")
    ]
    for state in states:
        for stage in state.values():
            stage.pop("fingerprint", None)
    assert not list(runs.differing_ends(states[0], states[1:]))


def test_a_network_without_blocks_is_refused_by_the_check(file):
    changes = ['generator={ type = "compact", checkpointing = true }']
    message = r'generator.checkpointing: "compact" has no blocks that can be computed again.*swinir'
    with pytest.raises(ConfigError, match=message):
        load_checked(file, changes)


class Plain(Net):
    @staticmethod
    def block():
        return nn.Sequential(nn.Conv2d(4, 4, 3, 1, 1), nn.ReLU())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # torch, where a graph ends
@pytest.mark.parametrize("made", [Net, Plain])
def test_a_compiled_network_trains_alike(made):
    torch.compiler.reset()
    torch.manual_seed(0)
    plain = made()
    again = copy.deepcopy(plain)
    recompute_(again)
    for module in (*plain.modules(), *again.modules()):
        if isinstance(module, nn.Dropout):  # compiled networks draw otherwise
            module.p = 0.0
    image = torch.rand(2, 4, 8, 8)
    for called in (plain, torch.compile(again)):
        for _ in range(2):
            called(image).square().mean().backward()
    for one, other in zip(plain.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-6)
    for one, other in zip(plain.buffers(), again.buffers(), strict=True):
        torch.testing.assert_close(other, one)
    torch.compiler.reset()
