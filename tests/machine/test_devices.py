import click
import pytest
import torch
from torch import nn

from srcore.cli.upscale import command
from srcore.errors import SrcoreError
from srcore.machine.devices import DeviceError, device_of, pick_device, slow_precision


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_auto_is_the_cpu_without_accelerator():
    assert pick_device() == torch.device("cpu")


def test_auto_prefers_cuda_then_mps(monkeypatch, torchrun_variables):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device().type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert pick_device() == torch.device("cuda", 0)
    torchrun_variables(3, 4)
    assert pick_device() == torch.device("cuda", 3)


def test_several_processes_do_not_share_an_apple_gpu(monkeypatch, torchrun_variables):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    torchrun_variables(0, 2)
    assert pick_device() == torch.device("cpu")


@pytest.mark.usefixtures("no_gpu")
def test_the_message_names_the_key_that_the_user_wrote():
    with pytest.raises(
        SrcoreError, match=r'train\.device: .* no CUDA.*; set train\.device = "cpu"'
    ):
        pick_device("cuda", "train.device")


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuda", 'finds no CUDA GPU here; use device="cpu"'),
        ("mps", "no Apple GPU"),
        ("xpu", 'xpu cannot be used here: .*; use device="cpu"'),
        ("gpu", 'expected auto, cpu, cuda, cuda:N or mps, found "gpu"'),
    ],
)
def test_devices_that_are_not_there_are_refused(name, message):
    with pytest.raises(SrcoreError, match=message):
        pick_device(name)


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("name", ["cuda", "mps", "gpu", "xpu"])
def test_commands_name_their_flag_and_end_as_for_wrong_usage(name):
    with click.Context(command), pytest.raises(DeviceError, match=r"^--device: ") as caught:
        pick_device(name)
    assert ("use --device cpu" in str(caught.value)) == (name != "gpu")
    assert caught.value.exit_code == 2


def test_a_missing_gpu_number_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(SrcoreError, match="cuda:5 does not exist; there are 2 GPUs"):
        pick_device("cuda:5")


def test_a_network_without_weights_is_on_the_cpu():
    assert device_of(nn.Identity()) == torch.device("cpu")
    assert device_of(nn.Conv2d(1, 1, 1, device="meta")) == torch.device("meta")


@pytest.mark.parametrize(
    ("flags", "device", "precision", "slow"),
    [
        ({}, "cpu", "bfloat16", True),
        ({"avx512_bf16": True}, "cpu", "bfloat16", False),
        ({"amx_bf16": True}, "cpu", "bfloat16", False),
        ({}, "cpu", "float32", False),
        ({}, "cuda", "bfloat16", False),
        ({"architecture": "aarch64"}, "cpu", "bfloat16", False),
    ],
)
def test_bfloat16_is_called_slow_on_processors_without_it(
    monkeypatch, flags, device, precision, slow
):
    known = {"architecture": "x86_64", **flags}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    complaint = slow_precision(torch.device(device), precision)
    assert ("no bfloat16 instructions" in complaint) == slow


@pytest.mark.parametrize(("device", "slow"), [("cpu", True), ("cuda", False)])
def test_float16_is_called_slow_on_a_cpu(device, slow):
    assert ("float16 is slow on a CPU" in slow_precision(torch.device(device), "float16")) == slow
