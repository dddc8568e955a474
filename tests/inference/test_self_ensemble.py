"""The mean over flipped and turned runs."""

import numpy as np
import pytest
import torch
from torch import nn

import srcore
from srcore import upscale
from srcore.inference.self_ensemble import SelfEnsemble


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1).eval()


def test_self_ensemble_is_the_mean_of_the_eight_symmetries(network):
    image = np.random.default_rng(0).integers(0, 256, (9, 13, 3), np.uint8)
    lr = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    results = []
    with torch.no_grad():
        for turns in range(4):
            for mirror in (False, True):
                turned = torch.rot90(lr, turns, (-2, -1))
                turned = turned.flip(-1) if mirror else turned
                sr = network(turned)
                sr = sr.flip(-1) if mirror else sr
                results.append(torch.rot90(sr, -turns, (-2, -1)))
    expected = torch.stack(results).mean(0)[0].clamp(0, 1).mul(255).permute(1, 2, 0)
    ensemble = upscale(network, image, self_ensemble=True, border=0)
    assert np.abs(ensemble - expected.numpy()).max() <= 0.51


def test_fields_are_flipped_with_the_image_and_a_condition_is_not():
    class Adding(nn.Module):
        scale = 1

        def forward(self, lr, *, condition, noise):
            assert condition == "same"
            return lr + noise

    lr, noise = torch.rand(1, 3, 4, 6), torch.rand(1, 3, 4, 6)
    made = SelfEnsemble(Adding())(lr, condition="same", noise=noise)
    torch.testing.assert_close(made, lr + noise)


def test_it_says_of_itself_what_the_network_says(network):
    ensemble = SelfEnsemble(network)
    assert (ensemble.scale, ensemble.in_channels) == (2, 3)
    assert ensemble.receptive_radius == network.receptive_radius
