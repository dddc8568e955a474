"""The artifact map and its loss against the published formulation, and what must not happen."""

import pytest
import torch
import torch.nn.functional as F
from srplug_ldl.losses import LDLLoss, artifact_map, image_weight, residual

from srcore.contracts import LossContext
from srcore.errors import SrcoreError
from srcore.testing import assert_close


def published_map(hr, sr, ema, size=7):
    """Padding, unfolding, variance over the unfolded windows; refinement by the residuals."""
    residual_sr = (hr - sr).abs().sum(1, keepdim=True)
    residual_ema = (hr - ema).abs().sum(1, keepdim=True)
    padded = F.pad(residual_sr, (size // 2,) * 4, mode="reflect")
    windows = F.unfold(padded, size)
    local = windows.var(dim=1, unbiased=True, keepdim=True).unflatten(2, hr.shape[-2:])
    patch = residual_sr.var(dim=(-1, -2, -3), keepdim=True) ** (1 / 5)
    weights = patch * local
    return torch.where(residual_sr < residual_ema, torch.zeros_like(weights), weights)


def images(*shape, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    hr, first, second = (torch.rand(*shape, generator=generator, dtype=dtype) for _ in range(3))
    return hr, hr + 0.3 * (first - 0.5), hr + 0.3 * (second - 0.5)


def context(hr, sr, ema):
    return LossContext(batch={"hr": hr}, sr=sr, iteration=1, ema_sr=ema)


@pytest.mark.parametrize("detach_map", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 12, 17), (1, 1, 8, 5)])
def test_loss_and_gradient_equal_the_published_formulation(shape, detach_map):
    hr, sr, ema = images(*shape)
    sr.requires_grad_()
    weights = published_map(hr, sr, ema)
    weights = weights.detach() if detach_map else weights
    expected = F.l1_loss(weights * sr, weights * hr)
    loss = LDLLoss(detach_map=detach_map)(context(hr, sr, ema))
    assert_close(loss, expected)
    gradients = [torch.autograd.grad(value, sr)[0] for value in (loss, expected)]
    assert_close(*gradients, atol=1e-12)


def test_map_is_zero_where_the_ema_is_worse_and_only_there():
    hr, sr, ema = images(1, 3, 10, 10)
    errors, others = residual(sr, hr), residual(ema, hr)
    artifacts, unrefined = artifact_map(errors, others), artifact_map(errors)
    assert (artifacts[errors < others] == 0).all()
    assert torch.equal(artifacts[errors >= others], unrefined[errors >= others])
    assert (unrefined > 0).all()


def test_equal_generators_zero_nothing():
    hr, sr, _ = images(2, 3, 10, 10)
    errors = residual(sr, hr)
    assert torch.equal(artifact_map(errors, errors), artifact_map(errors))


def test_every_image_has_a_weight_of_its_own():
    hr, sr, _ = images(3, 3, 10, 10)
    errors = residual(sr, hr)
    alone = torch.cat([image_weight(errors[i : i + 1]) for i in range(3)])
    assert_close(image_weight(errors), alone)


@pytest.mark.parametrize("offset", [0.0, 0.25, 1e-30])
@pytest.mark.parametrize("exponent", [0.0, 0.01, 0.2, 1.0])
def test_constant_residual_gives_finite_gradients(offset, exponent):
    hr = torch.full((2, 3, 12, 12), 0.5)
    hr[1] = images(1, 3, 12, 12, dtype=torch.float32)[0][0]  # a usual image beside it
    sr = (hr + offset).requires_grad_()
    loss = LDLLoss(exponent=exponent)(context(hr, sr, hr.clone()))
    loss.backward()
    assert torch.isfinite(loss)
    assert sr.grad.abs().max() < 1e-3


@pytest.mark.parametrize("strength", [1e-4, 1e-8, 1e-15, 1e-19, 1e-22])
def test_nearly_constant_residual_gives_finite_gradients(strength):
    hr = torch.zeros(1, 3, 12, 12)
    noise = torch.rand(hr.shape, generator=torch.Generator().manual_seed(0))
    sr = (strength * noise).requires_grad_()
    LDLLoss()(context(hr, sr, hr + 1)).backward()
    LDLLoss()(context(hr, sr, hr)).backward()
    assert torch.isfinite(sr.grad).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_computes_in_float32_under_autocast_and_for_half_images(dtype):
    hr, sr, ema = (image.to(dtype).detach() for image in images(2, 3, 16, 16))
    expected = LDLLoss()(context(hr.float(), sr.float(), ema.float()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = LDLLoss()(context(hr, sr.requires_grad_(), ema))
    assert loss.dtype == torch.float32
    assert torch.equal(loss, expected)
    loss.backward()
    assert sr.grad.dtype == dtype
    assert torch.isfinite(sr.grad).all()


def test_compares_with_another_target():
    hr, sr, ema = images(1, 3, 10, 10)
    batch = {"hr": torch.zeros_like(hr), "hr_sharpened": hr}
    loss = LDLLoss(target="hr_sharpened")(LossContext(batch=batch, sr=sr, iteration=1, ema_sr=ema))
    assert torch.equal(loss, LDLLoss()(context(hr, sr, ema)))


def test_missing_ema_is_named():
    hr, sr, _ = images(1, 3, 10, 10)
    with pytest.raises(SrcoreError, match=r'"ldl" needs the output of the EMA.*train\.ema_decay'):
        LDLLoss()(context(hr, sr, None))


def test_other_sizes_are_named():
    hr, sr, ema = images(1, 3, 10, 10)
    with pytest.raises(SrcoreError, match=r'loss "ldl": the batch entry "hr" has shape'):
        LDLLoss()(context(hr[..., :8], sr, ema))
