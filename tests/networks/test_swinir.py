import copy

import pytest
import torch

from srcore.errors import SrcoreError
from srcore.networks.swinir import SwinIR

SMALL = {"img_size": 8, "window_size": 4, "embed_dim": 8, "depths": (2, 2), "num_heads": (2, 4)}
SMALL |= {"num_features": 4}


def small(scale=2, **settings):
    torch.manual_seed(0)
    return SwinIR(scale, **(SMALL | settings))


@pytest.mark.parametrize(
    ("upsampler", "scale"),
    [
        ("pixelshuffle", 1),
        ("pixelshuffle", 3),
        ("pixelshuffle", 8),
        ("pixelshuffledirect", 2),
        ("pixelshuffledirect", 4),
        ("nearest+conv", 2),
        ("nearest+conv", 4),
        ("none", 1),
    ],
)
@pytest.mark.parametrize("size", [(1, 2), (7, 13), (8, 8)])
def test_output_is_scale_times_the_input(upsampler, scale, size):
    sr = small(scale, upsampler=upsampler)(torch.rand(1, 3, *size))
    assert sr.shape == (1, 3, scale * size[0], scale * size[1])


@pytest.mark.parametrize(
    ("scale", "parameters", "entries"), [(4, 11_900_199, 550), (2, 11_752_487, 548)]
)
def test_classical_model_has_the_published_size(scale, parameters, entries):
    network = SwinIR(scale)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert len(network.state_dict()) == entries


def test_stored_buffers_have_the_published_names_and_shapes():
    state = small().state_dict()
    blocks = "layers.1.residual_group.blocks"
    assert state[f"{blocks}.1.attn_mask"].shape == (4, 16, 16)
    assert f"{blocks}.0.attn_mask" not in state
    assert state[f"{blocks}.0.attn.relative_position_index"].shape == (16, 16)


def test_gradients_agree_with_finite_differences():
    network = small().double().eval()
    x = torch.rand(1, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, (x,), fast_mode=True)


def test_every_parameter_gets_a_gradient():
    network = small(4, upsampler="nearest+conv", residual_connection="3conv").eval()
    network(torch.rand(1, 3, 9, 9)).square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert all(bool(parameter.grad.abs().sum() > 0) for parameter in network.parameters())


def test_batches_equal_single_images():
    network, x = small().eval(), torch.rand(3, 3, 10, 9)
    single = torch.cat([network(image[None]) for image in x])
    torch.testing.assert_close(network(x), single)


@pytest.mark.parametrize("missing", [("attn_mask",), ("attn_mask", "relative_position_index")])
def test_state_dicts_without_buffers_load_strictly(missing):
    network = small()
    state = {key: v for key, v in network.state_dict().items() if not key.endswith(missing)}
    small().load_state_dict(state, strict=True)


def test_mask_of_another_training_size_is_ignored():
    network, other = small(img_size=8).eval(), small(img_size=16).eval()
    with torch.no_grad():
        other.conv_first.weight.mul_(2)
    given = other.state_dict()
    before = set(given)
    network.load_state_dict(given, strict=True)
    x = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(network(x), other(x))
    assert set(given) == before
    mask = network.layers[0].residual_group.blocks[1].attn_mask
    torch.testing.assert_close(mask, small().layers[0].residual_group.blocks[1].attn_mask)


def test_masks_are_ignored_where_windows_are_not_shifted():
    small(img_size=4).load_state_dict(small(img_size=8).state_dict(), strict=True)


def test_other_missing_and_unexpected_keys_are_still_reported():
    state = small().state_dict()
    del state["norm.weight"]
    state["layers.0.residual_group.blocks.1.extra"] = torch.zeros(1)
    missing, unexpected = small().load_state_dict(state, strict=False)
    assert missing == ["norm.weight"]
    assert unexpected == ["layers.0.residual_group.blocks.1.extra"]


def test_windows_are_not_shifted_where_the_training_size_is_a_window():
    network = small(img_size=4)
    assert not any("attn_mask" in key for key in network.state_dict())
    # Without a shift the first window does not see the others before the convolutions mix them.
    blocks = network.layers[0].residual_group.eval()
    x = torch.rand(1, 8, 8, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(blocks(x, None)[:, :4, :4].sum(), x)
    assert not gradient[:, 4:].any()
    assert not gradient[:, :, 4:].any()


def test_windows_shrink_to_a_smaller_training_size():
    network = small(img_size=3).eval()
    assert (
        network.layers[0].residual_group.blocks[0].attn.relative_position_bias_table.shape[0] == 25
    )
    assert network.tile_multiple == 12
    assert network(torch.rand(1, 3, 5, 7)).shape == (1, 3, 10, 14)


def test_stochastic_depth_rises_linearly_and_acts_in_training_only():
    network = small(drop_path_rate=0.3)
    rates = [block.drop_path.p for layer in network.layers for block in layer.residual_group.blocks]
    assert rates == pytest.approx([0, 0.1, 0.2, 0.3])
    x = torch.rand(8, 3, 8, 8)
    network.train()
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_dropped_branches_are_made_up_for_in_the_mean():
    block = small(drop_path_rate=0.5).layers[1].residual_group.blocks[1].train()
    torch.manual_seed(0)
    x = torch.ones(4000, 1, 1, 1)
    dropped = block.drop_path(x)
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}
    assert float(dropped.mean()) == pytest.approx(1, abs=0.06)


def test_absolute_position_adapts_to_other_sizes():
    network = small(absolute_position=True)
    assert network.state_dict()["absolute_pos_embed"].shape == (1, 64, 8)
    assert network(torch.rand(1, 3, 8, 12)).shape == (1, 3, 16, 24)


def test_linear_layers_start_from_the_published_distribution():
    torch.manual_seed(0)
    block = SwinIR(4, depths=(2,), num_heads=(6,)).layers[0].residual_group.blocks[0]
    for weight in (block.attn.qkv.weight, block.mlp.fc2.weight):
        assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.05)
    assert not block.attn.proj.bias.any()
    assert bool((block.norm1.weight == 1).all())


def test_copies_share_nothing():
    network = small()
    twin = copy.deepcopy(network)
    with torch.no_grad():
        twin.conv_first.weight.zero_()
    assert network.conv_first.weight.any()


@pytest.mark.parametrize(
    ("scale", "settings", "message"),
    [
        (
            3,
            {"upsampler": "nearest+conv"},
            'upsampler = "nearest.conv" works at scale 2 or 4; found',
        ),
        (2, {"upsampler": "none"}, 'upsampler = "none" works at scale 1; found scale = 2'),
        (
            2,
            {"num_heads": (2,)},
            "num_heads: expected one number per stage, 2 as in depths; found 1",
        ),
        (2, {"num_heads": (2, 3)}, "num_heads: expected divisors of embed_dim = 8, found 3"),
        (2, {"depths": (), "num_heads": ()}, r"depths: expected one number or more, found \[\]"),
    ],
)
def test_impossible_settings_are_refused(scale, settings, message):
    with pytest.raises(SrcoreError, match=message):
        small(scale, **settings)
