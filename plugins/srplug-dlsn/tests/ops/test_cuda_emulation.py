"""The CUDA kernels' source, compiled for the CPU: values, gradients, bounds of shared memory.

It shows that indices, barriers and mathematics are right; it says nothing of races between barriers
or of speed. Those need a device: ``test_cuda.py``.
"""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from srplug_dlsn.ops import native, reference

PLUGIN = Path(__file__).parents[2]
COMPILER = shutil.which("g++")
SIZES = [
    (1, 16, 8, 8, 16, 2),  # one chunk
    (2, 37, 5, 7, 8, 3),  # odd widths, a padded chunk
    (1, 25, 8, 24, 16, 1),  # two chunks
    (1, 100, 16, 40, 48, 2),  # chunks of more than one block of rows
    (1, 7, 3, 5, 9, 2),  # L < T
    (1, 40, 64, 256, 16, 1),  # the published widths
]
TOLERANCE = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 4e-2}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        COMPILER is None or not sys.platform.startswith("linux"), reason="needs g++ on Linux"
    ),
]


class EmulatedKernel(native.CudaKernel):
    def _place(self, device):
        return 0, 0


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    path = tmp_path_factory.mktemp("emulation") / "_libdlsn_cuda.so"
    command = [COMPILER, "-std=c++17", "-O2", "-fPIC", "-shared", "-DDLSN_EMULATION"]
    command += ["-I", str(PLUGIN / "tests" / "cuda_emulation"), "-Wall", "-Wextra", "-Werror"]
    command += ["-Wno-unknown-pragmas", "-x", "c++", str(PLUGIN / "csrc" / "cuda" / "attention.cu")]
    subprocess.run([*command, "-o", str(path)], check=True)
    library = ctypes.CDLL(str(path))
    native.declare(library)
    assert library.dlsn_abi_version() == native.ABI_VERSION
    assert library.dlsn_cuda_probe(0) == 0
    return EmulatedKernel(library)


def make_inputs(images, length, channels, width, chunk, rounds, dtype):
    generator = torch.Generator().manual_seed(length)

    def normal(*size):
        return torch.randn(images, length, *size, generator=generator)

    tensors = [normal(channels), torch.nn.functional.normalize(normal(channels), dim=-1)]
    tensors += [normal(width), normal(chunk)]
    order = torch.rand(images, rounds, length, generator=generator).argsort(-1)
    return [tensor.to(dtype) for tensor in tensors], order, chunk, normal(width).to(dtype)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("size", SIZES)
def test_values_and_gradients_equal_the_definition(kernel, size, dtype):
    tensors, order, chunk, grad_out = make_inputs(*size, dtype)
    leaves = [tensor.float().requires_grad_() for tensor in tensors]
    expected, expected_lse = reference.hashed_attention(*leaves, order, chunk)
    wanted = torch.autograd.grad(expected, leaves, grad_out.float())

    out, lse = kernel.forward(*tensors, order, chunk)
    gradients = kernel.backward(grad_out, *tensors, order, out, lse, chunk)
    bound = TOLERANCE[dtype]
    torch.testing.assert_close(lse, expected_lse.detach(), rtol=2e-5, atol=2e-5)
    torch.testing.assert_close(out.float(), expected.detach(), rtol=bound, atol=bound)
    for got, want in zip(gradients, wanted, strict=True):
        assert got.dtype == dtype
        scale = max(1.0, float(want.abs().max()))
        torch.testing.assert_close(got.float(), want, rtol=bound, atol=bound * scale)


@pytest.mark.parametrize("limit", [65536, 101376])
def test_devices_with_less_shared_memory_get_smaller_blocks(kernel, limit, monkeypatch):
    monkeypatch.setenv("DLSN_EMULATED_SHARED_MEMORY", str(limit))
    test_values_and_gradients_equal_the_definition(kernel, (1, 130, 64, 256, 64, 1), torch.float16)


def test_what_does_not_fit_is_refused_with_the_sizes(kernel, monkeypatch):
    monkeypatch.setenv("DLSN_EMULATED_SHARED_MEMORY", "16384")
    tensors, order, chunk, _ = make_inputs(1, 300, 64, 256, 128, 1, torch.float32)
    with pytest.raises(
        ValueError, match="does not take chunk_size 128 with 64 query and 256 value"
    ):
        kernel.forward(*tensors, order, chunk)
