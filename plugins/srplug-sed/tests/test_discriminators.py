import pytest
import torch
from srplug_sed.discriminators import (
    SemanticDiscriminator,
    SemanticPatchDiscriminator,
    SemanticUNetDiscriminator,
)
from torch import nn

import srcore
from srcore.errors import SrcoreError
from srcore.testing import assert_close

BOTH = [SemanticPatchDiscriminator, SemanticUNetDiscriminator]


def slim(build, **options):
    torch.manual_seed(0)
    return build(**({"num_features": 4, "semantic_dim": 64, "head_dim": 8} | options))


def inputs(height=48, width=32, channels=64):
    torch.manual_seed(1)
    return torch.rand(2, 3, height, width), torch.rand(2, channels, height // 16, width // 16)


class Semantics(nn.Module):
    """Averages colors; counts how often it is asked."""

    def __init__(self):
        super().__init__()
        self.weight, self.calls = nn.Parameter(torch.ones(64, 3)), 0

    def forward(self, image):
        self.calls += 1
        means = nn.functional.avg_pool2d(image, 16)
        return torch.einsum("cr,nrhw->nchw", self.weight, means)


@pytest.mark.parametrize(
    ("build", "parameters", "entries"), [(BOTH[0], 10_090_433, 118), (BOTH[1], 10_158_417, 130)]
)
def test_published_sizes(build, parameters, entries):
    with torch.device("meta"):
        network = build()
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert len(network.state_dict()) == entries


@pytest.mark.parametrize(("height", "width"), [(48, 32), (32, 80)])
def test_logits_of_patches_and_of_pixels(height, width):
    image, semantic = inputs(height, width)
    patches = slim(SemanticPatchDiscriminator)(image, semantic)
    assert patches.shape == (2, 1, height // 8 - 2, width // 8 - 2)
    assert slim(SemanticUNetDiscriminator)(image, semantic).shape == (2, 1, height, width)


@pytest.mark.parametrize("build", BOTH)
@pytest.mark.parametrize(
    "options",
    [
        {"num_features": 3},
        {"num_features": 5, "semantic_dim": 128, "num_heads": 2},
        {"semantic_size": 32},
    ],
)
def test_any_width_dimension_and_number_of_heads(build, options):
    channels = options.get("semantic_dim", 64)
    image, semantic = inputs(channels=channels)
    if "semantic_size" in options:
        semantic = torch.rand(2, channels, 6, 4)
    network = slim(build, **options)
    network(image, semantic).mean().backward()
    for name, parameter in network.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize("build", BOTH)
def test_semantics_matter(build):
    network, (image, semantic) = slim(build).eval(), inputs()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    logits = network(image, semantic)
    assert not torch.allclose(logits, network(image, semantic.flip(-1)), atol=1e-4)


@pytest.mark.parametrize("build", BOTH)
def test_attention_kernels_agree(build):
    image, semantic = inputs()
    networks = [slim(build, attention=name).eval() for name in ("auto", "torch", "math")]
    logits = [network(image, semantic) for network in networks]
    for other in logits[1:]:
        assert_close(other, logits[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("build", BOTH)
def test_math_attention_allows_gradient_penalties(build):
    network, (image, semantic) = slim(build, attention="math"), inputs()
    image.requires_grad_()
    logits = network(image, semantic)
    (gradient,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
    gradient.square().sum().backward()
    assert torch.isfinite(network.att1.transformer_blocks[0].attn2.to_k.weight.grad).all()


def test_patch_discriminator_starts_from_its_published_deviation():
    network = SemanticPatchDiscriminator(num_features=16, semantic_dim=256)
    state = network.state_dict()
    for name in (
        "conv_first.weight",
        "conv21.weight_orig",
        "conv3.weight_orig",
        "att2.proj_out.weight",
        "att1.transformer_blocks.0.attn2.to_k.weight",
        "att3.conv_out.weight",
    ):
        assert state[name].std().item() == pytest.approx(0.02, rel=0.1), name
    assert not state["conv21.bias"].any()
    assert not state["att1.transformer_blocks.0.ff.net.2.bias"].any()
    assert torch.equal(state["att1.norm.weight"], torch.ones(256))


def test_unet_fusion_starts_at_zero():
    network = slim(SemanticUNetDiscriminator)
    assert not network.att1.proj_out.weight.any()
    assert network.att1.conv_out.weight.any()


def test_skip_connections_can_be_left_out():
    image, semantic = inputs()
    plain = slim(SemanticUNetDiscriminator, skip_connection=False)
    skipping = slim(SemanticUNetDiscriminator)
    assert not torch.allclose(plain(image, semantic), skipping(image, semantic))


@pytest.mark.parametrize("build", BOTH)
def test_every_training_call_is_one_power_iteration(build):
    network, (image, semantic) = slim(build), inputs()
    before = network.conv1.weight_u.clone()
    network.eval()(image, semantic)
    assert torch.equal(network.conv1.weight_u, before)
    matrix = network.conv1.weight_orig.flatten(1)
    network.train()(image, semantic)
    v = nn.functional.normalize(matrix.T @ before, dim=0)
    assert_close(network.conv1.weight_v, v)
    assert_close(network.conv1.weight_u, nn.functional.normalize(matrix @ v, dim=0))


@pytest.mark.parametrize("build", BOTH)
def test_extractor_is_no_part_of_the_discriminator(build):
    semantics = Semantics().eval()
    network = slim(build, semantics=semantics)
    assert network.semantics is semantics
    assert list(network.state_dict()) == list(slim(build).state_dict())
    own = {id(parameter) for parameter in network.parameters()}
    assert id(semantics.weight) not in own
    assert not network.train().semantics.training, "it keeps its own mode"


def test_condition_has_no_graph_and_comes_from_hr():
    semantics = Semantics()
    network = slim(SemanticPatchDiscriminator, semantics=semantics)
    hr = torch.rand(2, 3, 32, 48, requires_grad=True)
    condition = network.condition({"hr": hr, "lr": torch.rand(2, 3, 8, 12)})
    assert condition.shape == (2, 64, 2, 3)
    assert not condition.requires_grad
    assert_close(condition, semantics(hr).detach())


def test_other_discriminators_may_use_the_base():
    class Judge(SemanticDiscriminator):
        def __init__(self):
            super().__init__(Semantics(), 64)
            self.conv = nn.Conv2d(67, 1, 3)

        def forward(self, image, semantic):
            self.check(image, semantic)
            large = nn.functional.interpolate(semantic, size=image.shape[-2:])
            return self.conv(torch.cat([image, large], 1))

    judge, image = Judge(), torch.rand(1, 3, 32, 32)
    assert judge(image, judge.condition({"hr": image})).shape == (1, 1, 30, 30)


def test_without_semantics_there_is_no_condition():
    with pytest.raises(SrcoreError, match="was built without semantics; pass an extractor"):
        slim(SemanticPatchDiscriminator).condition({"hr": torch.rand(1, 3, 32, 32)})


@pytest.mark.parametrize(
    ("image", "semantic", "message"),
    [
        ((64, 48), (4, 2), r"semantic map has shape \(2, 64, 4, 2\); expected \(2, 64, 4, 3\)"),
        ((250, 256), (15, 16), "multiples of 16 and at least 32, the nearest are 256x256"),
        ((264, 264), (16, 16), "the nearest are 272x272; set data.train.hr_patch_size"),
        ((16, 32), (1, 2), "at least 32, the nearest are 32x32"),
    ],
)
def test_sizes_that_do_not_fit_are_named(image, semantic, message):
    with pytest.raises(SrcoreError, match=message):
        slim(SemanticPatchDiscriminator)(torch.rand(2, 3, *image), torch.rand(2, 64, *semantic))


def test_built_by_name_with_a_random_extractor():
    semantics = {"weights": "random", "width": 4, "blocks": [1, 1, 1]}
    with pytest.warns(UserWarning, match="CLIP with random weights"):
        network = srcore.build("discriminator", "sed_unet", num_features=4, semantics=semantics)
    image = torch.rand(1, 3, 32, 32)
    assert network(image, network.condition({"hr": image})).shape == (1, 1, 32, 32)


@pytest.mark.parametrize("channels", [1, 4])
def test_gray_and_alpha_have_the_semantics_of_the_colors(channels):
    seen = []

    def semantics(image):
        seen.append(image)
        return torch.zeros(2, 64, 2, 2)

    network = slim(SemanticPatchDiscriminator, semantics=semantics, in_channels=channels)
    image = torch.rand(2, channels, 32, 32)
    assert network(image, network.condition({"hr": image})).shape == (2, 1, 2, 2)
    assert torch.equal(seen[0], image[:, :3].expand(-1, 3, -1, -1))
