import copy

import pytest
import torch
from srplug_dlsn.attention import GLA
from srplug_dlsn.ops import devices

from srcore.networks.edsr import EDSR

BACKENDS = ["torch", "native"] if devices.kernel_for("cpu")[0] else ["torch"]


def test_evaluation_repeats_and_training_draws_anew():
    block, x = GLA(16, chunk_size=8), torch.rand(1, 16, 9, 11)
    with torch.no_grad():
        assert not torch.equal(block(x), block(x))
        block.eval()
        assert torch.equal(block(x), block(x))


def test_training_draws_from_pytorchs_generator():
    block, x = GLA(16, chunk_size=8), torch.rand(1, 16, 9, 11)
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(block(x))
    assert torch.equal(*results)


def test_an_image_does_not_depend_on_its_neighbors_in_the_batch():
    block, x = GLA(16, chunk_size=8).eval(), torch.rand(3, 16, 9, 11)
    with torch.no_grad():
        torch.testing.assert_close(block(x)[1:2], block(x[1:2]), rtol=0, atol=1e-6)


def test_seed_changes_the_hashing():
    first = GLA(16, chunk_size=8).eval()
    second = copy.deepcopy(first)
    second.seed = 1
    x = torch.rand(1, 16, 9, 11)
    assert not torch.equal(first(x), second(x))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (4, 4), (1, 17), (9, 11)])
def test_any_size_works(size, backend):
    block = GLA(8, chunk_size=8, backend=backend)
    x = torch.rand(2, 8, *size, requires_grad=True)
    block(x).square().mean().backward()
    assert torch.isfinite(x.grad).all()


def test_memory_format_does_not_change_the_result():
    block, x = GLA(16, chunk_size=8).eval(), torch.rand(1, 16, 9, 11)
    with torch.no_grad():
        other = block(x.contiguous(memory_format=torch.channels_last))
        torch.testing.assert_close(block(x), other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_autocast_and_half_precision_stay_close(backend):
    torch.manual_seed(0)
    block, x = GLA(16, chunk_size=8, backend=backend).eval(), torch.rand(1, 16, 9, 11)
    with torch.no_grad():
        expected = block(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert (block(x) - expected).abs().max() < 0.05
        assert (block.bfloat16()(x.bfloat16()).float() - expected).abs().max() < 0.05


def test_it_fits_into_edsr():
    network = EDSR(scale=2, num_features=16, num_blocks=2)
    network.body.append(GLA(16, chunk_size=16))
    network(torch.rand(1, 3, 9, 11)).mean().backward()
    assert network.body[-1].fc[0].weight.grad is not None


def test_channels_that_cannot_be_reduced_are_refused():
    with pytest.raises(ValueError, match="channels is 18; expected a multiple of reduction 4"):
        GLA(18)
