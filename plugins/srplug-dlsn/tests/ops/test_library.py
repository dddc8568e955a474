import os
import re
import subprocess
import sys

import pytest
import torch
from srplug_dlsn.errors import NativeUnavailableError
from srplug_dlsn.ops import cuda, devices, eager, loading, reference
from srplug_dlsn.ops.library import hash_order, hashed_attention
from torch._subclasses import FakeTensorMode

HAS_NATIVE = devices.kernel_for("cpu")[0] is not None
BACKENDS = ["torch", "native"] if HAS_NATIVE else ["torch"]
ISAS = range(loading.load_library("cpu").library.dlsn_cpu_best_isa() + 1) if HAS_NATIVE else []
# N, L, C, D, T, h: one, two, three and many chunks, padding from none to nearly a whole chunk,
# sizes that are no multiples of any vector, L < T (last two).
SIZES = [
    (1, 16, 8, 8, 16, 2),
    (1, 25, 8, 12, 16, 1),
    (2, 37, 5, 7, 8, 3),
    (1, 13, 4, 5, 4, 2),
    (2, 200, 16, 24, 64, 3),
    (1, 300, 9, 33, 50, 2),
    (1, 300, 40, 64, 36, 2),
    (1, 400, 7, 30, 144, 3),
    (1, 310, 64, 256, 128, 3),
    (1, 7, 3, 5, 9, 2),
    (2, 3, 3, 70, 100, 1),
    (1, 1, 1, 1, 1, 1),
]
TOLERANCE = {torch.float32: 2e-5, torch.float64: 1e-12}
GRADIENT_TOLERANCE = {torch.float32: 2e-4, torch.float64: 1e-11}


def make_inputs(images, length, channels, width, chunk, rounds, dtype=torch.float32):
    generator = torch.Generator().manual_seed(length)

    def normal(*size):
        return torch.randn(images, length, *size, generator=generator, dtype=dtype)

    key = torch.nn.functional.normalize(normal(channels), dim=-1)
    order = torch.rand(images, rounds, length, generator=generator).argsort(-1)
    return [normal(channels), key, normal(width), normal(chunk), order, chunk]


def with_gradients(function, inputs, grad_out, **options):
    leaves = [tensor.detach().clone().requires_grad_() for tensor in inputs[:4]]
    out, lse = function(*leaves, *inputs[4:], **options)
    return [out, lse], torch.autograd.grad(out, leaves, grad_out)


def assert_equal_to_definition(inputs, backend):
    dtype = inputs[0].dtype
    grad_out = torch.randn_like(inputs[2])
    outputs, gradients = with_gradients(hashed_attention, inputs, grad_out, backend=backend)
    expected, expected_gradients = with_gradients(reference.hashed_attention, inputs, grad_out)
    for got, wanted in zip(outputs, expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    bound = GRADIENT_TOLERANCE[dtype]
    for got, wanted in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(got, wanted, rtol=bound, atol=bound)


def naive_attention(query, key, value, fc_score, order, chunk):
    """The definition once more, pixel by pixel, for one image."""
    length, slots = query.shape[0], min(chunk, query.shape[0])
    out, lse = torch.zeros_like(value), torch.zeros(len(order), length, dtype=query.dtype)
    for pixel in range(length):
        scores, values = [], []
        for turn, pixels in enumerate(order.tolist()):
            count = -(-length // slots)
            pixels += pixels[length - (count * slots - length) :] if count * slots > length else []
            chunk_of, slot = divmod(pixels.index(pixel), slots)
            here = []
            for neighbor in (chunk_of - 1, chunk_of, chunk_of + 1):
                first = neighbor % count * slots
                for other in pixels[first : first + slots]:
                    here.append(query[pixel] @ key[other] + fc_score[other, slot])
                    values.append(value[other])
            lse[turn, pixel] = torch.stack(here).logsumexp(0)
            scores += here
        out[pixel] = torch.stack(scores).softmax(0) @ torch.stack(values)
    return out, lse


@pytest.mark.parametrize("size", SIZES[:4] + SIZES[-3:])
def test_definition_equals_a_loop_over_pixels(size):
    inputs = make_inputs(*size, dtype=torch.float64)
    out, lse = reference.hashed_attention(*inputs)
    for image in range(size[0]):
        expected = naive_attention(*(tensor[image] for tensor in inputs[:5]), size[4])
        torch.testing.assert_close(out[image], expected[0])
        torch.testing.assert_close(lse[image], expected[1])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", SIZES)
def test_values_and_gradients_equal_the_definition(size, dtype, backend):
    assert_equal_to_definition(make_inputs(*size, dtype=dtype), backend)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", SIZES)
def test_every_instruction_set_equals_the_definition(size, dtype, isa):
    library = loading.load_library("cpu").library
    try:
        assert library.dlsn_cpu_select_isa(isa) == isa
        assert_equal_to_definition(make_inputs(*size, dtype=dtype), "native")
    finally:
        library.dlsn_cpu_select_isa(library.dlsn_cpu_best_isa())


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradcheck(backend):
    for size in ((2, 13, 4, 5, 4, 2), (1, 8, 3, 4, 8, 2), (1, 13, 2, 3, 8, 2)):
        inputs = make_inputs(*size, dtype=torch.float64)
        leaves = [tensor.requires_grad_() for tensor in inputs[:4]]
        assert torch.autograd.gradcheck(
            lambda *tensors, rest=inputs[4:]: hashed_attention(*tensors, *rest, backend=backend)[0],
            leaves,
        )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # opcheck looks at its own copies
def test_opcheck(backend, requires_grad):
    inputs = make_inputs(2, 37, 5, 7, 8, 3)
    tensors = [tensor.requires_grad_(requires_grad) for tensor in inputs[:4]]
    operators = torch.ops.srplug_dlsn
    torch.library.opcheck(operators.hashed_attention.default, (*tensors, *inputs[4:], backend))
    out, lse = hashed_attention(*[tensor.detach() for tensor in tensors], *inputs[4:])
    arguments = (
        torch.ones_like(out),
        *[tensor.detach() for tensor in tensors],
        inputs[4],
        out,
        lse,
        inputs[5],
        backend,
    )
    torch.library.opcheck(operators.hashed_attention_backward.default, arguments)
    torch.library.opcheck(
        operators.hash_order.default, (inputs[0].detach(), torch.randn(3, 5, 6), backend)
    )


@pytest.mark.parametrize("version", [eager.hash_order, cuda.hash_order])
def test_codes_lie_in_memory_as_compilers_are_told(version):
    query, rotations = torch.randn(2, 37, 5), torch.randn(3, 5, 6)
    with FakeTensorMode() as mode:
        query_shape, rotations_shape = map(mode.from_tensor, (query, rotations))
        told = torch.ops.srplug_dlsn.hash_order(query_shape, rotations_shape, "torch")
    assert [it.stride() for it in version(query, rotations, "torch")] == [
        it.stride() for it in told
    ]


@pytest.mark.skipif(not HAS_NATIVE, reason="the kernel's threads; nothing is compiled here")
@pytest.mark.parametrize("size", [(2, 310, 16, 40, 32, 3), (1, 37, 5, 7, 8, 2)])
def test_thread_count_does_not_change_a_bit(size):
    inputs = make_inputs(*size)
    grad_out, rotations = torch.randn_like(inputs[2]), torch.randn(3, size[2], 10)
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3, 4):
            torch.set_num_threads(threads)
            outputs, gradients = with_gradients(
                hashed_attention, inputs, grad_out, backend="native"
            )
            codes = hash_order(inputs[0], rotations, backend="native")
            results.append([*outputs, *gradients, *codes])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_index_type_and_memory_layout_do_not_matter(backend):
    inputs = make_inputs(2, 37, 5, 7, 8, 3)
    expected, _ = hashed_attention(*inputs, backend=backend)
    scattered = [tensor.transpose(0, 2).contiguous().transpose(0, 2) for tensor in inputs[:5]]
    scattered[4] = scattered[4].int()
    assert not scattered[2].is_contiguous()
    grad_out = torch.ones(1).expand(2, 37, 7)
    outputs, gradients = with_gradients(
        hashed_attention, [*scattered, 8], grad_out, backend=backend
    )
    _, expected_gradients = with_gradients(
        hashed_attention, inputs, grad_out.contiguous(), backend=backend
    )
    assert torch.equal(outputs[0], expected)
    assert all(torch.equal(a, b) for a, b in zip(gradients, expected_gradients, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [(0, 10, 4, 6, 4, 2), (2, 0, 4, 6, 4, 2)])
def test_empty_batches_and_images_give_empty_results(size, backend):
    inputs = make_inputs(*size)
    grad_out = torch.zeros(size[0], size[1], size[3])
    (out, lse), gradients = with_gradients(hashed_attention, inputs, grad_out, backend=backend)
    assert out.shape == (size[0], size[1], size[3])
    assert lse.shape == (size[0], size[5], size[1])
    assert [gradient.shape for gradient in gradients] == [x.shape for x in inputs[:4]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_images_of_a_batch_are_independent(backend):
    inputs = make_inputs(3, 37, 5, 7, 8, 3)
    together, _ = hashed_attention(*inputs, backend=backend)
    alone, _ = hashed_attention(*(tensor[1:2] for tensor in inputs[:5]), 8, backend=backend)
    assert torch.equal(together[1:2], alone)


@pytest.mark.parametrize("backend", BACKENDS)
def test_large_scores_stay_finite_and_nan_is_not_hidden(backend):
    inputs = make_inputs(1, 37, 5, 7, 8, 3)
    inputs[0] *= 1e4
    expected, _ = reference.hashed_attention(*(t.double() for t in inputs[:4]), *inputs[4:])
    out, _ = hashed_attention(*inputs, backend=backend)
    torch.testing.assert_close(out.double(), expected, rtol=1e-3, atol=1e-3)
    inputs[3][0, 5] = torch.nan
    out, _ = hashed_attention(*inputs, backend=backend)
    wanted, _ = reference.hashed_attention(*inputs)
    assert torch.equal(out.isnan(), wanted.isnan())
    assert out.isnan().any()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sixteen_bit_inputs_are_computed_in_float32_and_rounded_once(dtype, backend):
    inputs = make_inputs(2, 37, 5, 7, 8, 3)
    rounded = [tensor.to(dtype) for tensor in inputs[:4]]
    out, lse = hashed_attention(*rounded, *inputs[4:], backend=backend)
    exact, exact_lse = hashed_attention(
        *(tensor.float() for tensor in rounded), *inputs[4:], backend=backend
    )
    assert out.dtype == dtype
    assert torch.equal(out, exact.to(dtype))
    assert torch.equal(lse, exact_lse)


def test_autocast_computes_in_float32_on_the_cpu():
    inputs = make_inputs(1, 37, 5, 7, 8, 3)
    inputs[2] = inputs[2].bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out, _ = hashed_attention(*inputs)
    assert out.dtype == torch.float32


def test_vmap_equals_a_loop():
    inputs = make_inputs(6, 20, 4, 5, 8, 2)
    stacked = [tensor.unflatten(0, (3, 2)) for tensor in inputs[:5]]
    out, lse = torch.vmap(hashed_attention, in_dims=(0, 0, 0, 0, 0, None))(*stacked, 8)
    expected = hashed_attention(*inputs)
    assert torch.equal(out.flatten(0, 1), expected[0])
    assert torch.equal(lse.flatten(0, 1), expected[1])
    shared = torch.vmap(hashed_attention, in_dims=(None, None, 0, None, None, None))(
        stacked[0][0], stacked[1][0], stacked[2], stacked[3][0], stacked[4][0], 8
    )[0]
    single = hashed_attention(
        stacked[0][0], stacked[1][0], stacked[2][1], *(stacked[3][0], stacked[4][0]), 8
    )[0]
    torch.testing.assert_close(shared[1], single)


def test_export_keeps_the_operator():
    class Module(torch.nn.Module):
        def forward(self, *inputs):
            return hashed_attention(*inputs, 8)

    *inputs, _ = make_inputs(1, 37, 5, 7, 8, 3)
    program = torch.export.export(Module(), tuple(inputs))
    assert "srplug_dlsn.hashed_attention" in program.graph_module.code
    assert torch.equal(program.module()(*inputs)[0], hashed_attention(*inputs, 8)[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # inductor's own deprecation warnings
def test_compiled_function_equals_eager_with_gradients():
    inputs = make_inputs(1, 37, 5, 7, 8, 3)
    compiled = torch.compile(
        lambda *tensors: hashed_attention(*tensors[:5], 8)[0].square().sum(),
        fullgraph=True,
        dynamic=True,
    )
    for length in (37, 50):
        inputs = make_inputs(1, length, 5, 7, 8, 3)
        leaves = [tensor.requires_grad_() for tensor in inputs[:4]]
        value = compiled(*leaves, inputs[4])
        gradients = torch.autograd.grad(value, leaves)
        expected = hashed_attention(*leaves, *inputs[4:])[0].square().sum()
        wanted = torch.autograd.grad(expected, leaves)
        torch.testing.assert_close(value, expected)
        for got, want in zip(gradients, wanted, strict=True):
            torch.testing.assert_close(got, want)


def test_second_derivative_is_refused():
    inputs = make_inputs(1, 13, 4, 5, 4, 2)
    query = inputs[0].requires_grad_()
    out, _ = hashed_attention(query, *inputs[1:])
    (gradient,) = torch.autograd.grad(out.square().sum(), query, create_graph=True)
    with pytest.raises(NotImplementedError, match="no second derivative"):
        gradient.sum().backward()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({0: torch.zeros(13, 4)}, ValueError, r"query has shape \(13, 4\); expected \(N, L, C\)"),
        ({1: torch.zeros(1, 13, 5)}, ValueError, r"key .* \(1, 13, 5\); expected \(1, 13, 4\)"),
        ({2: torch.zeros(1, 12, 5)}, ValueError, r"value .* expected \(1, 13, \*\)"),
        ({3: torch.zeros(1, 13, 5)}, ValueError, r"fc_score .* expected \(1, 13, 4\)"),
        ({4: torch.zeros(2, 2, 13).long()}, ValueError, r"sorted_indices .* \(1, \*, 13\)"),
        ({4: torch.zeros(1, 0, 13).long()}, ValueError, "holds no round"),
        ({4: torch.zeros(1, 2, 13)}, TypeError, "torch.float32; expected int32 or int64"),
        ({1: torch.zeros(1, 13, 4).double()}, TypeError, "key is torch.float64; expected torch.fl"),
        ({0: torch.zeros(1, 13, 4).int()}, TypeError, "query is torch.int32; expected float32"),
        ({1: torch.zeros(1, 13, 4, device="meta")}, TypeError, "key is on meta; expected cpu"),
        ({5: 0}, ValueError, "chunk_size is 0; expected at least 1"),
    ],
)
def test_wrong_arguments_are_named(change, error, message):
    arguments = dict(enumerate(make_inputs(1, 13, 4, 5, 4, 2))) | change
    with pytest.raises(error, match=message):
        torch.ops.srplug_dlsn.hashed_attention(*arguments.values(), "torch")


def test_unknown_backend_is_refused():
    with pytest.raises(ValueError, match='backend is "gpu"; expected'):
        hashed_attention(*make_inputs(1, 13, 4, 5, 4, 2), backend="gpu")


@pytest.mark.skipif(not HAS_NATIVE, reason="the kernel's check; nothing is compiled here")
@pytest.mark.parametrize("broken", [13, -1, 0])
def test_other_things_than_permutations_are_refused(broken):
    inputs = make_inputs(1, 13, 4, 5, 4, 2)
    inputs[4][0, 1, 5] = broken or inputs[4][0, 1, 6]
    with pytest.raises(ValueError, match="other than a permutation"):
        hashed_attention(*inputs, backend="native")


def test_devices_without_a_kernel_are_an_error_when_it_is_requested():
    with pytest.raises(NativeUnavailableError, match="no compiled kernel for xpu"):
        devices.ELSEWHERE.choose("native", torch.device("xpu"), torch.float32)
    assert devices.ELSEWHERE.choose("auto", torch.device("xpu"), torch.float32) is None


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="reads Linux's counters")
def test_memory_above_the_inputs_is_small():
    """Nothing of the size of the scores (24 MiB per round here) is kept by the kernel."""
    script = (
        "import torch\n"
        "from pathlib import Path\n"
        "from srplug_dlsn.ops.library import hashed_attention\n"
        "def resident(field):\n"
        "    return int(Path('/proc/self/status').read_text().partition(field)[2].split()[0])\n"
        "L = 16384\n"
        "q, v, m = torch.rand(1, L, 16), torch.rand(1, L, 16), torch.rand(1, L, 128)\n"
        "order = torch.arange(L).repeat(1, 3, 1)\n"
        "hashed_attention(q[:, :256], q[:, :256], v[:, :256], m[:, :256], order[..., :256], 128)\n"
        "Path('/proc/self/clear_refs').write_text('5')\n"
        "before = resident('VmRSS:')\n"
        "hashed_attention(q, q, v, m, order, 128)\n"
        "print(resident('VmHWM:') - before)\n"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    scores = 16384 * 3 * 128 * 4 / 1024  # KiB of one round
    used = int(result.stdout)
    assert 0 < used < (4 * 1024 if HAS_NATIVE else 4 * scores)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"backend": "banana"}, ValueError, 'backend is "banana"; expected "auto", "native" or'),
        ({"query": torch.zeros(1, 4, 3, dtype=torch.int32)}, TypeError, "query is torch.int32"),
        ({"rotations": torch.zeros(2, 3, 5).int()}, TypeError, "rotations is torch.int32"),
        ({"rotations": torch.zeros(2, 3, 5, device="meta")}, TypeError, "rotations is on meta"),
        ({"rotations": torch.zeros(2, 4, 5)}, ValueError, "rotations has shape"),
        ({"query": torch.zeros(4, 3)}, ValueError, "query has shape"),
    ],
)
def test_hashing_refuses_what_does_not_fit(change, error, text):
    given = {"query": torch.zeros(1, 4, 3), "rotations": torch.zeros(2, 3, 5), **change}
    with pytest.raises(error, match=re.escape(text)):
        hash_order(given.pop("query"), given.pop("rotations"), **given)
