"""Pixel losses against loops over elements."""

import math

import pytest
import torch

from srcore import SrcoreError, build
from srcore.contracts import LossContext
from srcore.losses.pixel import charbonnier_loss, l1_loss, mse_loss

ELEMENT = {
    "l1": abs,
    "mse": lambda d: d * d,
    "charbonnier": lambda d: math.sqrt(d * d + 1e-3),
}
SLOPE = {
    "l1": lambda d: math.copysign(1, d),
    "mse": lambda d: 2 * d,
    "charbonnier": lambda d: d / math.sqrt(d * d + 1e-3),
}
LOSSES = {
    "l1": l1_loss,
    "mse": mse_loss,
    "charbonnier": lambda *args, **kw: charbonnier_loss(*args, eps=1e-3, **kw),
}


def images(channels_of_weight):
    generator = torch.Generator().manual_seed(0)
    shape = (2, 3, 3, 4)
    prediction, target = (
        torch.rand(shape, generator=generator, dtype=torch.float64) for _ in range(2)
    )
    weight = None
    if channels_of_weight:
        weight = torch.rand((2, channels_of_weight, 3, 4), generator=generator, dtype=torch.float64)
    return prediction.requires_grad_(), target, weight


def _reference(name, prediction, target, weight, reduction):
    """Value and gradient by a loop over elements."""
    weights = torch.ones_like(target) if weight is None else weight.expand_as(target)
    divisor = float(weights.sum()) if reduction == "mean" else 1.0
    value, gradient = 0.0, []
    for p, t, w in zip(
        prediction.flatten().tolist(),
        target.flatten().tolist(),
        weights.flatten().tolist(),
        strict=True,
    ):
        value += w * ELEMENT[name](p - t) / divisor
        gradient.append(w * SLOPE[name](p - t) / divisor)
    return value, torch.tensor(gradient, dtype=torch.float64).reshape(target.shape)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("channels_of_weight", [0, 1, 3])
@pytest.mark.parametrize("name", list(LOSSES))
def test_value_and_gradient_equal_a_loop(name, channels_of_weight, reduction):
    prediction, target, weight = images(channels_of_weight)
    value = LOSSES[name](prediction, target, weight=weight, reduction=reduction)
    value.backward()
    expected, gradient = _reference(name, prediction.detach(), target, weight, reduction)
    assert float(value.detach()) == pytest.approx(expected, rel=1e-12)
    torch.testing.assert_close(prediction.grad, gradient)


def test_charbonnier_of_equal_images_is_the_root_of_eps_and_has_a_finite_gradient():
    image = torch.rand(1, 3, 2, 2).requires_grad_()
    value = charbonnier_loss(image, image.detach(), eps=1e-12)
    value.backward()
    assert float(value.detach()) == pytest.approx(1e-6)
    assert torch.isfinite(image.grad).all()


def context(**batch):
    return LossContext(batch=batch, sr=torch.full((1, 3, 2, 2), 0.5), iteration=1)


def test_component_compares_with_the_entry_it_is_told():
    batch = {"hr": torch.zeros(1, 3, 2, 2), "hr_sharpened": torch.ones(1, 3, 2, 2) * 0.75}
    assert float(build("loss", "l1")(context(**batch))) == pytest.approx(0.5)
    loss = build("loss", "l1", target="hr_sharpened")
    assert float(loss(context(**batch))) == pytest.approx(0.25)
    assert float(build("loss", "mse")(context(**batch))) == pytest.approx(0.25)


def test_component_weighs_with_the_map_it_is_told():
    hr = torch.zeros(1, 3, 2, 2)
    hr[..., 0] = 0.5
    mask = torch.zeros(1, 1, 2, 2)
    mask[..., 1] = 2.0
    loss = build("loss", "charbonnier", weight_map="mask")
    assert float(loss(context(hr=hr, mask=mask))) == pytest.approx(0.5)


def test_missing_entry_is_named_with_what_there_is():
    with pytest.raises(
        SrcoreError,
        match=r'^loss "l1" needs the batch entry "hr_sharpened"; the batch holds hr, lr; '
        r"add the transform that makes it$",
    ):
        build("loss", "l1", target="hr_sharpened")(
            context(hr=torch.zeros(1, 3, 2, 2), lr=torch.zeros(1))
        )


def test_sizes_that_would_broadcast_are_refused():
    with pytest.raises(SrcoreError, match=r'loss "mse": the batch entry "hr" has shape \(1, 1, 2'):
        build("loss", "mse")(context(hr=torch.zeros(1, 1, 2, 2)))
