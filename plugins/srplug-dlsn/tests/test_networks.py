import pytest
import torch
from srplug_dlsn.inference import run_chopped
from srplug_dlsn.networks import DLSN

from srcore.errors import SrcoreError

TINY = {"num_features": 8, "num_groups": 2, "num_blocks": 1, "chunk_size": 8}


@pytest.mark.parametrize(
    ("scale", "parameters", "tensors"),
    [(2, 69_842_588, 293), (3, 72_792_988, 293), (4, 72_202_908, 295)],
)
def test_published_sizes(scale, parameters, tensors):
    with torch.device("meta"):
        network = DLSN(scale)
    # The published count holds `a` (1) and 24 frozen numbers of the mean shift in 5 tensors.
    assert sum(p.numel() for p in network.parameters()) == parameters - 25
    assert len(network.state_dict()) == tensors - 5


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_output_is_scale_times_the_input(scale):
    with torch.no_grad():
        assert DLSN(scale, **TINY)(torch.rand(2, 3, 5, 7)).shape == (2, 3, scale * 5, scale * 7)


@pytest.mark.parametrize("scale", [1, 5, 6])
def test_other_scales_are_refused(scale):
    with pytest.raises(SrcoreError, match=f"power of two; found scale = {scale}"):
        DLSN(scale, **TINY)


def test_groups_hash_differently():
    network = DLSN(2, **TINY)
    seeds = [network.body[group].body[1].seed for group in range(2)]
    assert seeds == [0, 1]


def test_validation_chops_only_if_asked_and_only_in_evaluation():
    torch.manual_seed(0)
    lr = torch.rand(1, 3, 50, 60)
    network = DLSN(2, **TINY).eval()
    with torch.no_grad():
        whole, chopped = network(lr), run_chopped(network, lr, 2, 2000)
        network.chop_pixels = 2000
        assert torch.equal(network(lr), chopped)
        assert not torch.equal(whole, chopped)
        network.train()
        torch.manual_seed(1)
        first = network(lr)
        network.chop_pixels = 0
        torch.manual_seed(1)
        assert torch.equal(first, network(lr))
