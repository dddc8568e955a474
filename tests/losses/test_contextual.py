"""The contextual loss against loops over positions."""

import math

import pytest
import torch

from srcore import build
from srcore.contracts import LossContext
from srcore.losses.contextual import ContextualLoss, contextual_similarity


def random(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pixels(image):
    return {"pixels": image}


def context(sr, hr):
    return LossContext({"hr": hr}, sr, iteration=1)


def _reference_similarity(x, y, bandwidth):
    """Of one image: columns are positions."""
    xs, ys = x.T.tolist(), y.T.tolist()
    center = [sum(column) / len(ys) for column in zip(*ys, strict=True)]

    def unit(vector):
        moved = [a - b for a, b in zip(vector, center, strict=True)]
        length = math.sqrt(sum(a * a for a in moved))
        return [a / length for a in moved]

    xs, ys = [unit(v) for v in xs], [unit(v) for v in ys]
    shares = []
    for a in xs:
        distances = [1 - sum(p * q for p, q in zip(a, b, strict=True)) for b in ys]
        least = min(distances)
        weights = [math.exp((1 - d / (least + 1e-5)) / bandwidth) for d in distances]
        shares.append([weight / sum(weights) for weight in weights])
    return sum(max(row[j] for row in shares) for j in range(len(ys))) / len(ys)


@pytest.mark.parametrize("bandwidth", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("positions", [(5, 5), (4, 7)])
def test_similarity_equals_loops(bandwidth, positions):
    x, y = random(2, 3, positions[0]), random(2, 3, positions[1], seed=1)
    expected = [_reference_similarity(a, b, bandwidth) for a, b in zip(x, y, strict=True)]
    similarity = contextual_similarity(x, y, bandwidth)
    assert similarity.tolist() == pytest.approx(expected)


def test_loss_is_the_weighted_sum_of_negative_logarithms():
    sr, hr = random(2, 3, 3, 4), random(2, 3, 3, 4, seed=1)
    loss = ContextualLoss({"pixels": 0.5}, bandwidth=0.3, features=pixels)
    similarity = contextual_similarity(sr.flatten(2), hr.flatten(2), 0.3)
    torch.testing.assert_close(loss(context(sr, hr)), -0.5 * similarity.log().mean())


def test_gradient_equals_finite_differences():
    hr = random(1, 3, 3, 3, seed=1)
    loss = ContextualLoss({"pixels": 1.0}, features=pixels)
    sr = random(1, 3, 3, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda image: loss(context(image, hr)), sr, atol=1e-4)


def test_constant_images_have_a_finite_gradient():
    sr = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    value = ContextualLoss({"pixels": 1.0}, features=pixels)(context(sr, sr.detach().clone()))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(sr.grad).all()


def test_large_maps_are_sampled_by_the_seed_at_the_same_places():
    hr = random(1, 3, 6, 6)
    loss = ContextualLoss({"pixels": 1.0}, max_positions=8, features=pixels)
    values = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        values.append(float(loss(context(random(1, 3, 6, 6, seed=1), hr))))
    assert values[0] == values[1] != values[2]
    assert float(loss(context(hr.clone(), hr))) == pytest.approx(0, abs=1e-3)


@pytest.mark.filterwarnings("ignore:.* with random weights")
def test_component_compares_maps_of_a_network_in_float32():
    loss = build("loss", "contextual", layers={"conv2_1": 1.0}, network="vgg16", weights="random")
    sr = random(1, 3, 8, 8).float().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(context(sr, random(1, 3, 8, 8, seed=1).float()))
    value.backward()
    assert value.dtype == torch.float32
    assert torch.isfinite(sr.grad).all()
