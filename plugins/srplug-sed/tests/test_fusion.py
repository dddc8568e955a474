"""The fusion block against a second, naive one written in loops."""

import math

import pytest
import torch
from srplug_sed.fusion import GatedLinear, MultiHeadAttention, SemanticFusion, subpixel

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


def reference_attention(layer, x, context):
    q, k, v = x @ layer.to_q.weight.T, context @ layer.to_k.weight.T, context @ layer.to_v.weight.T
    width = q.shape[-1] // layer.num_heads
    heads = []
    for head in range(layer.num_heads):
        own = slice(head * width, (head + 1) * width)
        scores = torch.stack([q[n, :, own] @ k[n, :, own].T for n in range(len(q))])
        weights = (scores / math.sqrt(width)).exp()
        weights = weights / weights.sum(-1, keepdim=True)
        heads.append(torch.stack([weights[n] @ v[n, :, own] for n in range(len(q))]))
    return torch.cat(heads, -1) @ layer.to_out[0].weight.T + layer.to_out[0].bias


def reference_layer_norm(norm, x):
    centered = x - x.mean(-1, keepdim=True)
    deviation = (centered.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    return centered / deviation * norm.weight + norm.bias


def reference_gelu(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def reference_group_norm(norm, maps):
    size = maps.shape[1] // 32
    groups = []
    for start in range(0, maps.shape[1], size):
        group = maps[:, start : start + size]
        mean = group.mean((1, 2, 3), keepdim=True)
        variance = (group - mean).square().mean((1, 2, 3), keepdim=True)
        groups.append((group - mean) / (variance + 1e-6).sqrt())
    scale, shift = norm.weight.view(1, -1, 1, 1), norm.bias.view(1, -1, 1, 1)
    return torch.cat(groups, 1) * scale + shift


def reference_subpixel(maps, r):
    count, channels, height, width = maps.shape
    out = maps.new_zeros(count, channels // r**2, r * height, r * width)
    for c in range(out.shape[1]):
        for i in range(r):
            for j in range(r):
                out[:, c, i::r, j::r] = maps[:, c * r**2 + j * r + i]
    return out


def reference_fusion(block, semantic, features):
    def conv1x1(layer, maps):
        return torch.einsum("oc,nchw->nhwo", layer.weight[:, :, 0, 0], maps) + layer.bias

    x = conv1x1(block.proj_in, reference_group_norm(block.norm, semantic))
    count, height, width, inner = x.shape
    x = x.reshape(count, -1, inner)
    context = conv1x1(block.proj_context, features).reshape(count, -1, inner)
    for layer in block.transformer_blocks:
        normed = reference_layer_norm(layer.norm1, x)
        x = reference_attention(layer.attn1, normed, normed)
        x = reference_attention(layer.attn2, reference_layer_norm(layer.norm2, x), context)
        gated, normed = layer.ff.net[0].proj, reference_layer_norm(layer.norm3, x)
        value, gate = (normed @ gated.weight.T + gated.bias).chunk(2, -1)
        x = value * reference_gelu(gate) @ layer.ff.net[2].weight.T + layer.ff.net[2].bias
    maps = x.reshape(count, height, width, inner).permute(0, 3, 1, 2)
    back = conv1x1(block.proj_out, maps).permute(0, 3, 1, 2)
    spread = reference_subpixel(back, block.up_factor)
    return torch.nn.functional.conv2d(spread, block.conv_out.weight, block.conv_out.bias, padding=1)


@pytest.mark.parametrize("backend", ["auto", "torch", "math"])
@pytest.mark.parametrize("heads", [1, 3])
def test_attention_equals_loops_over_heads(heads, backend):
    layer = seeded(MultiHeadAttention(6, 10, heads, 4, backend))
    x, context = tokens(2, 5, 6), tokens(2, 7, 10)
    got, expected = layer(x, context), reference_attention(layer, x, context)
    assert_close(got, expected)
    leaves = [x, context, layer.to_k.weight]
    for one, other in zip(
        torch.autograd.grad(got.sin().sum(), leaves),
        torch.autograd.grad(expected.sin().sum(), leaves),
        strict=True,
    ):
        assert_close(one, other)


def test_tokens_attend_to_themselves_without_context():
    layer, x = seeded(MultiHeadAttention(6)), tokens(1, 5, 6)
    assert_close(layer(x), reference_attention(layer, x, x))


def test_second_half_of_the_gate_is_activated():
    layer, x = seeded(GatedLinear(3, 2)), tokens(4, 3)
    both = x @ layer.proj.weight.T + layer.proj.bias
    assert_close(layer(x), both[:, :2] * reference_gelu(both[:, 2:]))


@pytest.mark.parametrize(
    ("depth", "is_last", "up_factor"), [(1, False, 2), (2, False, 4), (1, True, 2)]
)
def test_block_and_its_gradients_equal_the_naive_ones(depth, is_last, up_factor):
    block = seeded(SemanticFusion(64, 2, 4, 6, up_factor, depth=depth, is_last=is_last))
    semantic, features = tokens(2, 64, 3, 2), tokens(2, 6, 5, 7)
    got, expected = block(semantic, features), reference_fusion(block, semantic, features)
    lost = int(is_last)
    assert got.shape == (2, 64 // up_factor**2, 3 * up_factor - lost, 2 * up_factor - lost)
    assert_close(got, expected)
    leaves = [semantic, features, *block.parameters()]
    for one, other in zip(
        torch.autograd.grad(got.sin().sum(), leaves),
        torch.autograd.grad(expected.sin().sum(), leaves),
        strict=True,
    ):
        assert_close(one, other, atol=1e-9)


def test_horizontal_offset_is_the_slow_index():
    maps = tokens(2, 18, 2, 3)
    assert torch.equal(subpixel(maps, 3), reference_subpixel(maps, 3))
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
