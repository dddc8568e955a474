"""NCCL with one process: what several processes exchange, as far as one GPU can tell."""

import json

import pytest
import torch
from ignite import distributed as idist
from torch import nn

import srcore
from srcore.config.schema import TrainTable
from srcore.engine import finiteness, roles, stopping, updater
from srcore.engine.finiteness import NonFiniteLossError, require_finite
from srcore.engine.loss_scale import LossScale
from srcore.engine.shared_buffers import share_buffers
from srcore.engine.updater import Updater
from srcore.launching.stages import run_experiment
from srcore.testing.ranks import free_port

# PyTorch remarks that a barrier over NCCL guesses its device.
pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore:.*(device id|barrier).*")]


@pytest.fixture
def group(gpu, monkeypatch, torchrun_variables):
    """A group of one process, over NCCL on a GPU."""
    torchrun_variables(0, 1)
    monkeypatch.setenv("MASTER_PORT", str(free_port()))
    idist.initialize("nccl" if gpu.type == "cuda" else "gloo")
    yield gpu
    idist.finalize()


@pytest.fixture
def as_if_two(group, monkeypatch):
    """The engine's own exchanges happen, as among two processes; there is only one."""
    monkeypatch.setattr(idist, "get_world_size", lambda: 2)
    assert {part.idist for part in (finiteness, roles, stopping, updater)} == {idist}
    return group


def test_numbers_and_tensors_are_reduced(as_if_two):
    good = {"l1": torch.ones((), device=as_if_two)}
    require_finite(good, "the loss")
    with pytest.raises(NonFiniteLossError, match='"gan" is inf'):
        require_finite(good | {"gan": torch.full((), torch.inf, device=as_if_two)}, "the loss")
    assert idist.all_reduce(2.0, op="MAX") == 2.0
    network = nn.BatchNorm2d(3).to(as_if_two)
    share_buffers(network)
    everyone = [None]
    torch.distributed.gather_object({"state": torch.ones(2)}, everyone, dst=0)
    assert torch.equal(everyone[0]["state"], torch.ones(2))
    torch.distributed.all_gather_object(everyone, [("name", 1.5)])
    assert everyone == [[("name", 1.5)]]
    idist.barrier()


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_distributed_network_has_the_gradients_of_a_plain_one(as_if_two, channels_last):
    torch.manual_seed(0)
    plain = srcore.build("network", "edsr", scale=2, num_features=4, num_blocks=1)
    roles.place(plain, as_if_two, channels_last=channels_last)
    made = roles.RoleNetwork("generator", roles.LOSS_PART, plain, plain)
    roles.finish_role(made, TrainTable())
    assert isinstance(made.wrapped, nn.parallel.DistributedDataParallel)
    x = torch.rand(2, 3, 8, 8, device=as_if_two)
    wanted = torch.autograd.grad(plain(x).square().mean(), list(plain.parameters()))
    made.wrapped(x).square().mean().backward()
    for parameter, gradient in zip(plain.parameters(), wanted, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-5)


def test_an_updater_averages_gradients(as_if_two):
    network = nn.Linear(2, 1, bias=False).to(as_if_two)
    before = network.weight.detach().clone()
    made = Updater(
        network, torch.optim.SGD(network.parameters(), 1.0), None, LossScale(enabled=False)
    )
    made.exchanges_gradients = True
    made.begin(1, 1, watch_norm=False)
    made.backward(network(torch.ones(1, 2, device=as_if_two)).sum())
    made.step()
    torch.testing.assert_close(before - network.weight, torch.full_like(before, 0.5))


def test_a_whole_run_within_a_group(group, tiny_experiment, tmp_path):
    settings = (f"train.device={group.type}",)
    run_experiment(srcore.load_experiment(tiny_experiment, settings), tmp_path / "runs", quiet=True)
    performance = json.loads((tmp_path / "runs" / "tiny" / "performance.json").read_text())
    assert performance["iterations"] == 6
