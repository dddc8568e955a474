"""LPIPS and DISTS as losses: those of the metrics, with gradients."""

import pytest
import torch

from srcore import SrcoreError, build
from srcore.contracts import LossContext
from srcore.metrics.dists import DISTSNetwork
from srcore.metrics.lpips_choice import lpips_network

pytestmark = pytest.mark.filterwarnings("ignore:.* with random weights")

LOSSES = [("lpips", {"network": "alex"}), ("lpips", {}), ("dists", {})]


def context(side=32, dtype=torch.float32):
    hr, noise = torch.rand(
        2, 2, 3, side, side, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    ).to(dtype)
    return LossContext({"hr": hr}, (hr + 0.2 * (noise - 0.5)).requires_grad_(), iteration=1)


@pytest.mark.parametrize(("name", "keys"), LOSSES)
def test_value_is_the_mean_of_the_network_s_distances(name, keys):
    given = context()
    network = (
        DISTSNetwork("random")
        if name == "dists"
        else lpips_network(keys.get("network", "vgg"), "random")
    )
    loss = build("loss", name, weights="random", **keys)
    expected = network(given.sr, given.batch["hr"])
    assert expected.shape == (2,)
    torch.testing.assert_close(loss(given), expected.mean())
    assert not any(parameter.requires_grad for parameter in loss.parameters())


@pytest.mark.parametrize(("name", "keys"), LOSSES)
def test_gradient_equals_a_finite_difference(name, keys):
    given = context(dtype=torch.float64)
    loss = build("loss", name, weights="random", **keys).double()
    direction = torch.rand(given.sr.shape, generator=torch.Generator().manual_seed(1)).double()
    (gradient,) = torch.autograd.grad(loss(given), given.sr)
    step = 1e-6

    def at(factor):
        sr = given.sr.detach() + factor * direction
        return float(loss(LossContext(given.batch, sr, 1)))

    slope = (at(step) - at(-step)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize(("name", "keys"), LOSSES)
def test_computes_in_float32_under_autocast_and_for_half_images(name, keys):
    given = context()
    loss = build("loss", name, weights="random", **keys)
    half = {"hr": given.batch["hr"].bfloat16()}
    sr = given.sr.detach().bfloat16().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(LossContext(half, sr, 1))
    assert value.dtype == torch.float32
    whole = LossContext({"hr": half["hr"].float()}, sr.detach().float(), 1)
    torch.testing.assert_close(value, loss(whole))
    value.backward()
    assert torch.isfinite(sr.grad).all()


@pytest.mark.parametrize(("name", "keys"), LOSSES)
def test_equal_images_have_no_distance_and_a_finite_gradient(name, keys):
    hr = context().batch["hr"]
    sr = hr.clone().requires_grad_()
    value = build("loss", name, weights="random", **keys)(LossContext({"hr": hr}, sr, 1))
    value.backward()
    assert float(value.detach()) == pytest.approx(0, abs=1e-5)
    assert torch.isfinite(sr.grad).all()


@pytest.mark.parametrize(
    ("name", "keys", "least"), [(*LOSSES[0], 31), (*LOSSES[1], 16), (*LOSSES[2], 16)]
)
def test_smallest_images(name, keys, least):
    loss = build("loss", name, weights="random", **keys)
    assert torch.isfinite(loss(context(least)))
    with pytest.raises(SrcoreError, match=f'loss "{name}" needs images of {least} pixels per side'):
        loss(context(least - 1))
