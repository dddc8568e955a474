"""The CUDA kernels on a device. Nothing here runs without one; ``-m gpu`` selects it.

For races and accesses out of bounds:
``compute-sanitizer --tool memcheck|racecheck python -m pytest plugins/srplug-dlsn -m gpu``.
"""

import pytest
import torch
from srplug_dlsn.attention import GLA
from srplug_dlsn.ops import devices, native, reference
from srplug_dlsn.ops.library import hash_order, hashed_attention

pytestmark = pytest.mark.gpu

SIZES = [
    (1, 16, 8, 8, 16, 2),
    (2, 37, 5, 7, 8, 3),
    (1, 25, 8, 24, 16, 1),
    (1, 300, 9, 33, 50, 2),
    (1, 400, 7, 30, 144, 3),
    (2, 310, 64, 256, 128, 3),
    (1, 2304, 64, 256, 128, 3),
    (1, 7, 3, 5, 9, 2),
]
# float32 is multiplied as sums of numbers of 11 bits, which loses about 2^-20 of a product.
TOLERANCE = {torch.float32: 1e-4, torch.float16: 4e-3, torch.bfloat16: 4e-2}


def make_inputs(images, length, channels, width, chunk, rounds, dtype):
    generator = torch.Generator().manual_seed(length)

    def normal(*size):
        return torch.randn(images, length, *size, generator=generator)

    tensors = [normal(channels), torch.nn.functional.normalize(normal(channels), dim=-1)]
    tensors += [normal(width), normal(chunk)]
    order = torch.rand(images, rounds, length, generator=generator).argsort(-1)
    return [tensor.to("cuda", dtype) for tensor in tensors], order.cuda(), chunk


def test_kernel_is_available():
    kernel, reason = devices.kernel_for("cuda", torch.cuda.current_device())
    assert kernel is not None, reason


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("size", SIZES)
def test_values_and_gradients_equal_the_definition(size, dtype):
    tensors, order, chunk = make_inputs(*size, dtype)
    leaves = [tensor.requires_grad_() for tensor in tensors]
    exact = [tensor.detach().double().requires_grad_() for tensor in tensors]
    out, lse = hashed_attention(*leaves, order, chunk, backend="native")
    expected, expected_lse = reference.hashed_attention(*exact, order, chunk)
    grad_out = torch.randn_like(out)
    gradients = torch.autograd.grad(out, leaves, grad_out)
    wanted = torch.autograd.grad(expected, exact, grad_out.double())
    bound = TOLERANCE[dtype]
    torch.testing.assert_close(lse.double(), expected_lse, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(out.double(), expected, rtol=bound, atol=bound)
    for got, want in zip(gradients, wanted, strict=True):
        scale = max(1.0, float(want.abs().max()))
        torch.testing.assert_close(got.double(), want, rtol=bound, atol=bound * scale)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
def test_results_repeat_to_the_bit(dtype):
    tensors, order, chunk = make_inputs(2, 310, 64, 256, 128, 3, dtype)
    leaves = [tensor.requires_grad_() for tensor in tensors]
    results = []
    for _ in range(3):
        out, _ = hashed_attention(*leaves, order, chunk, backend="native")
        results.append([out, *torch.autograd.grad(out.sum(), leaves)])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_work_is_queued_on_the_current_stream():
    tensors, order, chunk = make_inputs(1, 2304, 64, 256, 128, 3, torch.float32)
    expected, _ = hashed_attention(*tensors, order, chunk, backend="native")
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        doubled = [tensor * 1 for tensor in tensors]
        out, _ = hashed_attention(*doubled, order, chunk, backend="native")
    stream.synchronize()
    assert torch.equal(out, expected)


def test_streams_do_not_share_what_they_work_with():
    problems = [make_inputs(1, size, 64, 256, 128, 3, torch.float32) for size in (2304, 2000)]
    expected = [
        hashed_attention(*tensors, order, chunk, backend="native")[0]
        for tensors, order, chunk in problems
    ]
    torch.cuda.synchronize()
    streams, results = [torch.cuda.Stream(), torch.cuda.Stream()], []
    for _ in range(5):
        for number, (tensors, order, chunk) in enumerate(problems):
            with torch.cuda.stream(streams[number]):
                out, _ = hashed_attention(*tensors, order, chunk, backend="native")
                results.append((number, out))
    torch.cuda.synchronize()
    assert all(torch.equal(out, expected[number]) for number, out in results)


def test_a_graph_replays_forward_and_backward_on_other_values():
    tensors, order, chunk = make_inputs(1, 310, 64, 256, 128, 3, torch.float32)
    leaves = [tensor.requires_grad_() for tensor in tensors]

    def work():
        out, _ = hashed_attention(*leaves, order, chunk, backend="native")
        return [out, *torch.autograd.grad(out.square().sum(), leaves)]

    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        work()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = work()
    with torch.no_grad():
        leaves[2].mul_(2).add_(1)
    expected = work()
    graph.replay()
    assert all(torch.equal(got, want) for got, want in zip(captured, expected, strict=True))


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_work_is_done_on_the_device_of_the_tensors():
    tensors, order, chunk = make_inputs(1, 310, 64, 256, 128, 3, torch.float32)
    expected, _ = hashed_attention(*tensors, order, chunk, backend="native")
    others = [tensor.to("cuda:1") for tensor in tensors]
    assert torch.cuda.current_device() == 0
    out, _ = hashed_attention(*others, order.to("cuda:1"), chunk, backend="native")
    assert out.device == torch.device("cuda:1")
    assert torch.cuda.current_device() == 0
    assert torch.equal(out.to("cuda:0"), expected)


def test_opcheck():
    tensors, order, chunk = make_inputs(2, 37, 5, 7, 8, 3, torch.float32)
    for requires_grad in (False, True):
        leaves = [tensor.detach().requires_grad_(requires_grad) for tensor in tensors]
        torch.library.opcheck(
            torch.ops.srplug_dlsn.hashed_attention.default, (*leaves, order, chunk, "native")
        )
    rotations = torch.randn(3, 5, 6, device=order.device)
    torch.library.opcheck(
        torch.ops.srplug_dlsn.hash_order.default, (tensors[0].detach(), rotations, "auto")
    )


def test_autocast_computes_in_sixteen_bit():
    tensors, order, chunk = make_inputs(1, 310, 64, 256, 128, 3, torch.float32)
    expected, _ = hashed_attention(*tensors, order, chunk)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        out, _ = hashed_attention(*tensors, order, chunk)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), expected, rtol=4e-2, atol=4e-2)


def test_float64_takes_pytorch_operations_unless_native_is_requested():
    tensors, order, chunk = make_inputs(1, 37, 5, 7, 8, 3, torch.float64)
    hashed_attention(*tensors, order, chunk)
    with pytest.raises(native.NativeUnavailableError, match=r"no version for torch\.float64"):
        hashed_attention(*tensors, order, chunk, backend="native")


def test_block_gives_the_same_as_on_the_cpu():
    torch.manual_seed(0)
    block, x = GLA(64, chunk_size=32).eval(), torch.rand(2, 64, 21, 23)
    with torch.no_grad():
        query = block.conv_match(x).flatten(2).transpose(1, 2)
        rotations = block.rotations(query.shape[1], query.shape[2])
        codes, order = hash_order(query.cuda(), rotations)
        assert torch.equal(codes.cpu(), hash_order(query, rotations)[0])
        assert torch.equal(order.cpu(), hash_order(query, rotations)[1])
        expected = block(x)
        torch.testing.assert_close(block.cuda()(x.cuda()).cpu(), expected, rtol=1e-3, atol=1e-3)
