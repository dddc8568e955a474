"""LPIPS with VGG16 against the authors' package, with a backbone of random weights."""

import warnings

import pytest
import torch

from srcore import build
from srcore.metrics.lpips_vgg import VGGLPIPS
from srcore.metrics.options import VGG16_LEAST

pytestmark = pytest.mark.filterwarnings("ignore:VGG16 with random weights")


def test_equals_the_package_of_the_authors():
    lpips = pytest.importorskip("lpips")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, of the way that the package asks it
        theirs = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False).eval()
    network = VGGLPIPS("random")
    with torch.no_grad():
        ours = network.features.parameters()
        for parameter, other in zip(theirs.net.parameters(), ours, strict=True):
            parameter.copy_(other)
    x, y = torch.rand(2, 1, 3, 33, 40, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = theirs(2 * x - 1, 2 * y - 1)
    assert float(expected) > 0.01
    torch.testing.assert_close(network(x, y), expected.flatten(), rtol=1e-4, atol=1e-6)


def test_the_metric_measures_by_it():
    metric = build("metric", "lpips", weights="random")
    images = torch.randint(0, 256, (2, 20, 24, 3), generator=torch.Generator().manual_seed(0))
    sr, hr = images.byte().numpy()
    x, y = (image.permute(2, 0, 1)[None].float() / 255 for image in images)
    expected = float(VGGLPIPS("random")(x, y))
    assert metric(sr, hr, crop_border=0) == pytest.approx(expected, rel=1e-5)


def test_smallest_image():
    image = torch.rand(1, 3, VGG16_LEAST, VGG16_LEAST)
    assert VGGLPIPS("random")(image, image).shape == (1,)


def test_places_where_nothing_is_active_have_a_finite_gradient():
    x = torch.zeros(1, 3, 16, 16, requires_grad=True)
    network = VGGLPIPS("random")
    for name, parameter in network.features.named_parameters():
        if name.endswith("bias"):
            parameter.data.fill_(-10.0)
    network(x, torch.rand(1, 3, 16, 16)).sum().backward()
    assert torch.isfinite(x.grad).all()
