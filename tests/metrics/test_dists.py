"""DISTS against piq, with a backbone of random weights, and against loops over pixels."""

import numpy as np
import pytest
import torch
from torch import nn

from srcore import build
from srcore.metrics.dists import DISTSNetwork, SmoothVGG

pytestmark = pytest.mark.filterwarnings("ignore:VGG16 with random weights")


def pair(*shape):
    return torch.rand(2, *shape, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def piqs(monkeypatch):
    """Theirs, with the weights of ours in place of downloads."""
    piq = pytest.importorskip("piq")
    torchvision = pytest.importorskip("torchvision")
    network = DISTSNetwork("random")
    weights = {key: getattr(network, key).view(1, -1, 1, 1) for key in ("alpha", "beta")}
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *args, **settings: weights)

    def vgg16(**settings):
        model = torchvision.models.vgg16(weights=None)
        convs = [layer for layer in model.features if isinstance(layer, nn.Conv2d)]
        for conv, other in zip(convs, network.features.children(), strict=True):
            conv.load_state_dict(other.state_dict())
        return model

    monkeypatch.setattr("piq.perceptual.vgg16", vgg16)
    return network, piq.DISTS()


def test_network_equals_piq(piqs):
    network, theirs = piqs
    x, y = pair(1, 3, 37, 48)
    expected = theirs(x, y)
    assert float(expected) > 0.01
    torch.testing.assert_close(network(x, y)[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("resize", [True, False])
def test_large_images_are_shrunk_as_piq_does_unless_told_otherwise(piqs, resize):
    _, theirs = piqs
    sr, hr = (pair(270, 280, 3) * 255).byte().numpy()
    metric = build("metric", "dists", weights="random", resize=resize)
    x, y = (torch.from_numpy(it).permute(2, 0, 1)[None].float() / 255 for it in (sr, hr))
    close = pytest.approx(float(theirs(x, y)), abs=1e-4)
    assert (metric(sr, hr, crop_border=0) == close) is resize


def test_pooling_equals_a_loop():
    maps = pair(1, 2, 5, 4)[0]
    pooled = SmoothVGG((), "random", network="vgg16").pool(maps)
    window = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25])
    padded = np.pad(maps[0].numpy(), ((0, 0), (1, 1), (1, 1))) ** 2
    expected = [
        [[(window * plane[y : y + 3, x : x + 3]).sum() ** 0.5 for x in (0, 2)] for y in (0, 2, 4)]
        for plane in padded
    ]
    torch.testing.assert_close(pooled[0], torch.tensor(expected, dtype=torch.float32))


def test_equal_images_have_no_distance_and_weights_add_up_to_one():
    network = DISTSNetwork("random")
    x, _ = pair(2, 3, 16, 16)
    torch.testing.assert_close(network(x, x), torch.zeros(2), atol=1e-5, rtol=0)
    assert float(network.alpha.sum() + network.beta.sum()) == pytest.approx(1, abs=1e-5)
