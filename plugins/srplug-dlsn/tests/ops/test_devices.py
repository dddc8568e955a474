import re
from pathlib import Path

import pytest
import torch
from srplug_dlsn.ops import cpu, cuda, devices, library

OPERATORS = ("hash_order", "hashed_attention", "hashed_attention_backward")
ROOM = Path(devices.__file__).parent


@pytest.mark.parametrize("key", ["CPU", "CUDA"])
@pytest.mark.parametrize("name", OPERATORS)
def test_the_dispatcher_has_an_implementation_for_each_device(name, key):
    assert torch._C._dispatch_has_kernel_for_dispatch_key(f"srplug_dlsn::{name}", key)
    table = torch._C._dispatch_dump_table(f"srplug_dlsn::{name}")
    line = re.search(rf"^{key}: .*$", table, re.MULTILINE)[0]
    assert "[kernel]" in line, line  # its own, not the default


@pytest.mark.parametrize("name", OPERATORS)
def test_pytorch_operations_are_the_default(name):
    table = torch._C._dispatch_dump_table(f"srplug_dlsn::{name}")
    assert "default backend kernel" in re.search(r"^XPU: .*$", table, re.MULTILINE)[0]


@pytest.mark.parametrize("key", ["AutocastCPU", "AutocastCUDA"])
def test_autocast_has_a_rule_for_each_device(key):
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    assert has("srplug_dlsn::hashed_attention", key)


def test_only_the_module_of_a_device_names_it():
    naming = {
        path.name
        for path in ROOM.glob("*.py")
        if re.search(r'"cpu"|"cuda"|dlsn_cuda|dlsn_cpu|"CPU"|"CUDA"', path.read_text())
    }
    assert naming == {"cpu.py", "cuda.py", "loading.py"}  # names of files are the loader's
    assert devices.DEVICES == {"cpu": cpu.CODE, "cuda": cuda.CODE}


def test_what_runs_on_cuda_without_a_kernel_is_what_runs_elsewhere():
    generator = torch.Generator().manual_seed(0)
    tensors = [torch.randn(2, 37, size, generator=generator) for size in (5, 5, 7, 8)]
    order = torch.rand(2, 3, 37, generator=generator).argsort(-1)
    wanted = library.hashed_attention(*tensors, order, 8, backend="torch")
    got = cuda.CODE.forward(*tensors, order, 8, "torch")
    assert all(map(torch.equal, got, wanted))
    grad_out = torch.randn(2, 37, 7, generator=generator)
    arguments = (grad_out, *tensors, order, *wanted, 8, "torch")
    both = zip(cuda.CODE.backward(*arguments), devices.ELSEWHERE.backward(*arguments), strict=True)
    assert all(torch.equal(ours, theirs) for ours, theirs in both)
