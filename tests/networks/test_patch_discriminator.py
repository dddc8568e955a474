import pytest
import torch
from torch import nn

from srcore.errors import SrcoreError
from srcore.networks.patch_discriminator import PatchDiscriminator


@pytest.mark.parametrize("norm", ["batch", "instance", "spectral", "none"])
@pytest.mark.parametrize(("layers", "size"), [(1, (6, 9)), (3, (24, 70)), (5, (96, 100))])
def test_a_logit_for_every_patch(norm, layers, size):
    network = PatchDiscriminator(layers, 2, norm)
    logits = network(torch.rand(2, 3, *size))
    assert logits.shape == (2, 1, size[0] // 2**layers - 2, size[1] // 2**layers - 2)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_size_is_that_of_pix2pix():
    network = PatchDiscriminator(norm="instance")
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_764_737


def test_a_logit_of_three_layers_sees_70_pixels():
    network = PatchDiscriminator(3, 2, "none").double()
    image = torch.rand(1, 3, 128, 128, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(image)[0, 0, 7, 7], image)
    assert int(gradient[0].abs().sum((0, 1)).count_nonzero()) == 70


def test_convolutions_start_from_the_published_distribution():
    torch.manual_seed(0)
    first, *_ = (layer for layer in PatchDiscriminator() if isinstance(layer, nn.Conv2d))
    assert float(first.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
    assert not first.bias.any()


def test_too_small_images_are_refused():
    message = r"image has shape \(1, 3, 23, 64\); expected height and width >= 24"
    with pytest.raises(SrcoreError, match=message):
        PatchDiscriminator(3, 2)(torch.rand(1, 3, 23, 64))
