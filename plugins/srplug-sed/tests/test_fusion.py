"""The fusion block against a second, naive one in NumPy."""

import pytest
import torch
from srplug_sed.fusion import GatedLinear, MultiHeadAttention, SemanticFusion, subpixel

from formulas.attention import attended
from formulas.derivative import with_gradients
from formulas.layers import gelu
from formulas.semantic_fusion import fused, shuffled
from srcore.errors import SrcoreError
from srcore.testing import assert_close


def seeded(network):
    torch.manual_seed(0)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network.double()


def tokens(*shape):
    generator = torch.Generator().manual_seed(len(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)


def arrays(network):
    return {name: value.numpy() for name, value in network.state_dict().items()}


def assert_equal_with_gradients(network, formula, x, context):
    """Output, and gradients of a random sum of it by inputs and parameters."""
    got = network(x, context)
    weights = torch.rand_like(got)

    def objective(given):
        y = formula(given["x"], given["context"], given)
        return (y * weights.numpy()).sum(), {"y": y}

    given = {"x": x.detach().numpy(), "context": context.detach().numpy()} | arrays(network)
    outputs, expected = with_gradients(objective, given)
    assert_close(got, torch.from_numpy(outputs["y"]))
    leaves = {"x": x, "context": context} | dict(network.named_parameters())
    (got * weights).sum().backward()
    for name, leaf in leaves.items():
        assert_close(leaf.grad, torch.from_numpy(expected[name]), atol=1e-9)


@pytest.mark.parametrize("backend", ["auto", "torch", "math"])
@pytest.mark.parametrize("heads", [1, 3])
def test_attention_and_its_gradients_equal_the_naive_ones(heads, backend):
    layer = seeded(MultiHeadAttention(6, 10, heads, 4, backend))

    def formula(x, context, weights):
        return attended(x, context, weights, heads)

    assert_equal_with_gradients(layer, formula, tokens(2, 5, 6), tokens(2, 7, 10))


def test_tokens_attend_to_themselves_without_context():
    layer, x = seeded(MultiHeadAttention(6)), tokens(1, 5, 6)
    alone = x.detach().numpy()
    expected = attended(alone, alone, arrays(layer), layer.num_heads)
    assert_close(layer(x), torch.from_numpy(expected))


def test_second_half_of_the_gate_is_activated():
    layer, x = seeded(GatedLinear(3, 2)), tokens(4, 3)
    both = x @ layer.proj.weight.T + layer.proj.bias
    gate = torch.from_numpy(gelu(both[:, 2:].detach().numpy()))
    assert_close(layer(x), both[:, :2] * gate)


@pytest.mark.parametrize(
    ("depth", "is_last", "up_factor"), [(1, False, 2), (2, False, 4), (1, True, 2)]
)
def test_block_and_its_gradients_equal_the_naive_ones(depth, is_last, up_factor):
    block = seeded(SemanticFusion(64, 2, 4, 6, up_factor, depth=depth, is_last=is_last))
    semantic, features, lost = tokens(2, 64, 3, 2), tokens(2, 6, 5, 7), int(is_last)
    shape = (2, 64 // up_factor**2, 3 * up_factor - lost, 2 * up_factor - lost)
    assert block(semantic, features).shape == shape

    def formula(semantic, features, weights):
        return fused(semantic, features, weights, 2, up_factor)[0]

    assert_equal_with_gradients(block, formula, semantic, features)


def test_horizontal_offset_is_the_slow_index():
    maps = tokens(2, 18, 2, 3)
    assert torch.equal(subpixel(maps, 3), torch.from_numpy(shuffled(maps.detach().numpy(), 3)))
    assert not torch.equal(subpixel(maps, 3), torch.nn.functional.pixel_shuffle(maps, 3))


def test_block_starts_as_the_bias_of_its_last_convolution():
    block = SemanticFusion(64, 1, 8, 6, 2)
    out = block(torch.rand(1, 64, 2, 2), torch.rand(1, 6, 4, 4))
    assert_close(out, block.conv_out.bias.view(1, -1, 1, 1).expand_as(out))


def test_published_keys():
    names = list(SemanticFusion(64, 1, 8, 6, 2).state_dict())
    for key in (
        "norm.weight",
        "proj_in.bias",
        "proj_context.weight",
        "proj_out.bias",
        "conv_out.weight",
        "transformer_blocks.0.norm3.bias",
        "transformer_blocks.0.attn1.to_q.weight",
        "transformer_blocks.0.attn2.to_out.0.bias",
        "transformer_blocks.0.ff.net.0.proj.weight",
        "transformer_blocks.0.ff.net.2.bias",
    ):
        assert key in names
    assert len(names) == 30


def test_channels_that_do_not_divide_are_refused():
    with pytest.raises(
        SrcoreError, match="semantic fusion: expected a multiple of 64 channels in "
    ):
        SemanticFusion(96, 1, 8, 6, 8)
