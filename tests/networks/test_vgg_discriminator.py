import pytest
import torch
import torch.nn.functional as F

from srcore.errors import SrcoreError
from srcore.networks.vgg_discriminator import VGGDiscriminator


@pytest.mark.parametrize("size", [128, 192, 256])
def test_one_logit_per_image(size):
    network = VGGDiscriminator(size, num_features=2)
    logits = network(torch.rand(2, 3, size, size))
    assert logits.shape == (2, 1)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_output_equals_the_written_out_network():
    torch.manual_seed(0)
    network = VGGDiscriminator(128, num_features=2).double().eval()
    w = network.state_dict()
    image = x = torch.rand(2, 3, 128, 128, dtype=torch.float64)
    for stage in range(5):
        for half in range(2):
            name, norm = f"conv{stage}_{half}", f"bn{stage}_{half}"
            x = F.conv2d(x, w[f"{name}.weight"], w.get(f"{name}.bias"), stride=1 + half, padding=1)
            if norm != "bn0_0":
                x = x / (1 + 1e-5) ** 0.5  # fresh statistics: mean 0, variance 1
            x = torch.where(x > 0, x, 0.2 * x)
    x = x.reshape(2, -1) @ w["linear1.weight"].T + w["linear1.bias"]
    x = torch.where(x > 0, x, 0.2 * x) @ w["linear2.weight"].T + w["linear2.bias"]
    torch.testing.assert_close(network(image), x)


def test_size_is_the_published_one():
    network = VGGDiscriminator(128)
    assert sum(parameter.numel() for parameter in network.parameters()) == 14_499_401
    assert len(network.state_dict()) == 60


def test_larger_inputs_keep_the_key_names():
    small, large = (set(VGGDiscriminator(size, 1).state_dict()) for size in (128, 256))
    assert set(VGGDiscriminator(192, 1).state_dict()) == small
    assert {key.split(".")[0] for key in large - small} == {"conv5_0", "bn5_0", "conv5_1", "bn5_1"}


def test_other_image_sizes_are_refused():
    message = r"image has shape \(1, 3, 96, 128\); expected \(N, C, 128, 128\); set discriminator"
    with pytest.raises(SrcoreError, match=message):
        VGGDiscriminator(128, 1)(torch.rand(1, 3, 96, 128))


def test_other_input_sizes_are_refused():
    with pytest.raises(SrcoreError, match="input_size 100; expected one of 128, 192, 256"):
        VGGDiscriminator(100)
