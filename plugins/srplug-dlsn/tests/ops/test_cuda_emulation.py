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
from srplug_dlsn.ops import abi, cuda, loading, reference

PLUGIN = Path(__file__).parents[2]
COMPILER = shutil.which("g++")
SIZES = [
    (1, 16, 8, 8, 16, 2),  # one chunk
    (2, 37, 5, 7, 8, 3),  # odd widths, a padded chunk
    (1, 25, 8, 24, 16, 1),  # two chunks
    (1, 100, 16, 40, 48, 2),  # chunks of more than one block of rows
    (1, 7, 3, 5, 9, 2),  # L < T
    (1, 40, 64, 256, 16, 1),  # the published widths
    (1, 150, 12, 20, 70, 2),  # blocks of 64 rows, not whole ones
    (1, 60, 32, 96, 40, 2),  # 65 to 255 columns, which are filled up
    (1, 20, 72, 40, 16, 1),  # more channels than kernels take that keep scores in registers
    (1, 33, 8, 300, 8, 1),  # values wider than a block's sums: the forward pass alone
]
# float32 is multiplied as sums of numbers of 11 bits, which loses about 2^-20 of a product.
TOLERANCE = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 4e-2}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        COMPILER is None or not sys.platform.startswith("linux"), reason="needs g++ on Linux"
    ),
]


class EmulatedKernel(cuda.CudaKernel):
    def _place(self, device):
        return 0, 0


@pytest.fixture(scope="module", params=["matrix units", "plain arithmetic"])
def kernel(request, tmp_path_factory):
    """The kernels of devices with matrix units for every type, and of older ones."""
    path = tmp_path_factory.mktemp("emulation") / "_libdlsn_cuda.so"
    command = [COMPILER, "-std=c++17", "-O2", "-fPIC", "-shared", "-DDLSN_EMULATION"]
    command += ["-fsanitize=alignment", "-fno-sanitize-recover=all"]
    command += ["-D__CUDA_ARCH__=750"] if request.param == "plain arithmetic" else []
    command += ["-I", str(PLUGIN / "tests" / "cuda_emulation"), "-Wall", "-Wextra", "-Werror"]
    command += ["-Wno-unknown-pragmas", "-x", "c++", str(PLUGIN / "csrc" / "cuda" / "attention.cu")]
    subprocess.run([*command, "-o", str(path)], check=True)
    library = ctypes.CDLL(str(path))
    loading.declare(library)
    assert library.dlsn_abi_version() == abi.ABI_VERSION
    assert library.dlsn_cuda_probe(0) == 0
    kernel = EmulatedKernel(library)
    kernel.has_units = request.param == "matrix units"
    return kernel


def make_inputs(images, length, channels, width, chunk, rounds, dtype):
    generator = torch.Generator().manual_seed(length)

    def normal(*size):
        return torch.randn(images, length, *size, generator=generator)

    tensors = [normal(channels), torch.nn.functional.normalize(normal(channels), dim=-1)]
    tensors += [normal(width), normal(chunk)]
    order = torch.rand(images, rounds, length, generator=generator).argsort(-1)
    return [tensor.to(dtype) for tensor in tensors], order, chunk, normal(width).to(dtype)


def assert_equal_to_definition(kernel, inputs, bound):
    tensors, order, chunk, grad_out = inputs
    leaves = [tensor.detach().float().requires_grad_() for tensor in tensors]
    expected, expected_lse = reference.hashed_attention(*leaves, order, chunk)
    wanted = torch.autograd.grad(expected, leaves, grad_out.float())

    tensors = [kernel.prepare(tensor) for tensor in tensors]
    out, lse = kernel.forward(*tensors, order, chunk)
    torch.testing.assert_close(lse, expected_lse.detach(), rtol=max(2e-5, bound / 4), atol=bound)
    torch.testing.assert_close(out.float(), expected.detach(), rtol=bound, atol=bound)
    if tensors[2].shape[-1] > 256:
        return
    gradients = kernel.backward(grad_out, *tensors, order, out, lse, chunk)
    for got, want in zip(gradients, wanted, strict=True):
        assert got.dtype == tensors[0].dtype
        scale = max(1.0, float(want.abs().max()))
        torch.testing.assert_close(got.float(), want, rtol=bound, atol=bound * scale)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("size", SIZES)
def test_values_and_gradients_equal_the_definition(kernel, size, dtype):
    assert_equal_to_definition(kernel, make_inputs(*size, dtype), TOLERANCE[dtype])


def test_float32_is_rounded_to_tf32_where_pytorch_allows_it(kernel):
    inputs = make_inputs(1, 100, 16, 40, 48, 2, torch.float32)
    exact, _ = kernel.forward(*inputs[0], *inputs[1:3])
    torch.set_float32_matmul_precision("high")
    try:
        assert_equal_to_definition(kernel, inputs, 4e-3)
        rounded, _ = kernel.forward(*inputs[0], *inputs[1:3])
    finally:
        torch.set_float32_matmul_precision("highest")
    difference = float((rounded - exact).abs().max())
    if kernel.has_units:
        assert 1e-5 < difference < 4e-3
    else:
        assert difference == 0


@pytest.mark.parametrize("kibibytes", [48, 64, 99, 163, 227])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_device_gets_blocks_that_fit_or_says_that_none_does(
    kernel, kibibytes, dtype, monkeypatch
):
    monkeypatch.setenv("DLSN_EMULATED_SHARED_MEMORY", str(kibibytes * 1024))
    published = abi.Sizes(1, 500, 1, 64, 256, 128)
    fits = not kernel.obstacle(dtype, published, 0)
    assert fits == (kibibytes >= {torch.float32: 163, torch.bfloat16: 99}[dtype])
    size = (1, 150, 64, 256, 128, 1) if fits else (1, 70, 16, 32, 16, 1)
    assert kernel.obstacle(dtype, abi.Sizes(*size[:2], 1, *size[2:5]), 0) == ""
    assert_equal_to_definition(kernel, make_inputs(*size, dtype), TOLERANCE[dtype])


def test_rows_that_do_not_lie_on_sixteen_bytes_are_read_all_the_same(kernel):
    tensors, order, chunk, grad_out = make_inputs(1, 37, 8, 16, 8, 2, torch.bfloat16)

    def moved(tensor):
        buffer = torch.empty(tensor.numel() + 1, dtype=tensor.dtype)
        view = buffer[1:].view(tensor.shape)
        view.copy_(tensor)
        assert view.is_contiguous()
        assert view.data_ptr() % 16
        return view

    views = [moved(tensor) for tensor in tensors]
    assert_equal_to_definition(kernel, (views, order, chunk, grad_out), TOLERANCE[torch.bfloat16])
    raw = kernel.forward(*views, order, chunk)  # the kernels themselves, not what Python copied
    assert torch.equal(raw[0], kernel.forward(*tensors, order, chunk)[0])


def test_what_does_not_fit_is_named_with_the_sizes(kernel):
    for size in ((1, 2000, 1, 64, 256, 576), (1, 300, 1, 64, 300, 128), (1, 300, 1, 300, 64, 128)):
        reason = kernel.obstacle(torch.float32, abi.Sizes(*size), 0)
        assert f"chunk_size {size[5]} with {size[3]} query and {size[4]} value channels" in reason


@pytest.mark.parametrize("size", [(0, 10, 4, 4, 4, 1), (1, 0, 4, 4, 4, 1)])
def test_nothing_is_an_answer_for_nothing(kernel, size):
    tensors, order, chunk, grad_out = make_inputs(*size, torch.float32)
    assert (
        kernel.obstacle(torch.float32, abi.sizes_of(tensors[0], tensors[2], order, chunk), 0) == ""
    )
    out, lse = kernel.forward(*tensors, order, chunk)
    gradients = kernel.backward(grad_out, *tensors, order, out, lse, chunk)
    assert all(got.shape == tensor.shape for got, tensor in zip(gradients, tensors, strict=True))


def test_rows_behind_the_largest_32_bit_number_are_found(kernel, monkeypatch):
    """Memory that nobody touches is not allocated: the last image is computed, and no other."""
    images, length, channels, width, chunk = 180_000, 48, 8, 256, 16
    assert images * length * width > 2**31
    inputs, last_order, _, last_grad = make_inputs(
        1, length, channels, width, chunk, 1, torch.bfloat16
    )

    def as_the_last(own):
        everything = torch.empty(images, *own.shape[1:], dtype=own.dtype)
        everything[-1] = own[0]
        return everything

    tensors = [as_the_last(own) for own in inputs]
    order, grad_out = last_order.repeat(images, 1, 1).int(), as_the_last(last_grad)
    monkeypatch.setenv("DLSN_EMULATED_LAST_BLOCKS", "48")
    out, lse = kernel.forward(*tensors, order, chunk)
    gradients = kernel.backward(grad_out, *tensors, order, out, lse, chunk)
    monkeypatch.delenv("DLSN_EMULATED_LAST_BLOCKS")

    alone, lse_alone = kernel.forward(*inputs, last_order, chunk)
    assert torch.equal(out[-1:], alone)
    wanted = kernel.backward(last_grad, *inputs, last_order, alone, lse_alone, chunk)
    for got, want in zip(gradients, wanted, strict=True):
        assert torch.equal(got[-1:], want)
