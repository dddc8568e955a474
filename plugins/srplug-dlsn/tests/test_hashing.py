import re
from pathlib import Path

import pytest
import torch
from srplug_dlsn.hashing import (
    bucket_count,
    codes_at_once,
    draw_rotations,
    fixed_rotations,
    hash_codes,
    sort_by_code,
)
from srplug_dlsn.ops import cuda, devices, library
from srplug_dlsn.ops.library import hash_order

BACKENDS = ["torch", "native"] if devices.kernel_for("cpu")[0] else ["torch"]


@pytest.mark.parametrize(
    ("length", "chunk", "buckets"),
    [(2304, 128, 18), (400, 128, 4), (127, 128, 2), (1, 128, 2), (255, 128, 2), (529, 4, 128)],
)
def test_buckets_are_even_and_at_most_128(length, chunk, buckets):
    assert bucket_count(length, chunk) == buckets


@pytest.mark.parametrize(("channels", "buckets"), [(8, 4), (4, 8), (6, 6), (1, 2)])
def test_rotations_are_orthogonal_in_the_shorter_direction(channels, buckets):
    rotations = draw_rotations(3, channels, buckets)
    assert rotations.shape == (3, channels, buckets)
    for rotation in rotations:
        tall = rotation if channels >= buckets else rotation.T
        torch.testing.assert_close(tall.T @ tall, torch.eye(tall.shape[1]), rtol=0, atol=1e-5)


def test_rotations_have_no_preferred_sign():
    signs = torch.stack([draw_rotations(1, 4, 2)[0, 0, 0].sign() for _ in range(200)])
    assert abs(signs.mean()) < 0.3


def test_fixed_rotations_repeat_and_differ_by_seed():
    assert torch.equal(fixed_rotations(2, 4, 6, 1), fixed_rotations(2, 4, 6, 1))
    assert not torch.equal(fixed_rotations(2, 4, 6, 1), fixed_rotations(2, 4, 6, 2))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [(2, 37, 5, 3, 6), (1, 200, 64, 3, 128), (1, 1, 3, 1, 2)])
def test_codes_are_the_first_largest_projection_and_order_is_stable(size, backend):
    images, length, channels, rounds, buckets = size
    query = torch.randn(images, length, channels).relu()
    query[:, ::7] = 0
    rotations = draw_rotations(rounds, channels, buckets)
    codes, order = hash_order(query, rotations, backend=backend)
    for image in range(images):
        for turn in range(rounds):
            projection = query[image].double() @ rotations[turn].double()
            expected = [row.index(max(row)) for row in projection.tolist()]
            assert codes[image, turn].tolist() == expected
            by_code = sorted(range(length), key=lambda pixel: expected[pixel])
            assert order[image, turn].tolist() == by_code
    assert (codes[:, :, ::7] == 0).all()


@pytest.mark.parametrize("buckets", [2, 6, 128])
def test_one_product_gives_the_codes_of_one_for_each_round(buckets):
    query = torch.randint(-4, 5, (2, 50, 4)).double()  # products are exact in any order
    rotations = torch.randint(-4, 5, (3, 4, buckets)).double()
    expected = torch.stack([(query @ rotation).argmax(-1) for rotation in rotations], dim=1)
    assert torch.equal(codes_at_once(query, rotations), expected)


@pytest.mark.parametrize("codes", [hash_codes, codes_at_once])
def test_codes_do_not_go_by_the_precision_of_products(codes):
    query, rotations = torch.randn(1, 300, 16).relu(), draw_rotations(2, 16, 8)
    expected = torch.einsum("nlc,hcb->nhlb", query.double(), rotations.double()).argmax(-1)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        assert torch.equal(codes(query, rotations), expected)
    finally:
        torch.set_float32_matmul_precision(before)


def test_each_device_hashes_by_an_implementation_of_its_own():
    """One product for all rounds is for CUDA, C++ for the CPU; nobody asks where a tensor is."""
    for key in ("CPU", "CUDA"):
        assert torch._C._dispatch_has_kernel_for_dispatch_key("srplug_dlsn::hash_order", key)
    on_cuda = cuda.hash_order
    query, rotations = torch.randn(2, 40, 8).relu(), draw_rotations(3, 8, 6)
    expected = hash_order(query, rotations, backend="torch")
    for ours, theirs in zip(on_cuda(query, rotations, "auto"), expected, strict=True):
        assert torch.equal(ours, theirs)


def test_devices_are_told_apart_in_the_room_of_the_operators_only():
    package = Path(library.__file__).parents[1]
    modules = [path for path in package.glob("*.py") if path.name != "__main__.py"]
    assert len(modules) > 5
    asking = [it.name for it in modules if re.search(r"\.is_cuda|device\.type ==", it.read_text())]
    assert not asking


@pytest.mark.parametrize("buckets", [2, 256, 257, 1000])
def test_any_number_of_codes_is_sorted(buckets):
    codes = torch.randint(0, buckets, (2, 3, 500))
    codes[0, 0, :2] = torch.tensor([buckets - 1, 0])
    expected = codes.argsort(dim=-1, stable=True)
    assert torch.equal(sort_by_code(codes, buckets), expected)


def test_codes_of_double_and_half_queries_are_exact():
    query, rotations = torch.randn(1, 30, 4, dtype=torch.float64), draw_rotations(2, 4, 6)
    expected = torch.einsum("nlc,hcb->nhlb", query, rotations.double()).argmax(-1)
    assert torch.equal(hash_codes(query, rotations), expected)
    codes, order = hash_order(query, rotations)
    assert torch.equal(codes, expected.int())
    assert torch.equal(order, sort_by_code(expected, 6).int())
    half = query.half()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(hash_order(half, rotations)[0], hash_order(half.float(), rotations)[0])


def test_wrong_shapes_are_named():
    with pytest.raises(
        ValueError, match=r"rotations has shape \(2, 5, 6\); expected \(\*, 4, \*\)"
    ):
        hash_order(torch.rand(1, 8, 4), torch.rand(2, 5, 6))
