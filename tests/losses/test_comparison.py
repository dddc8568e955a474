"""What all losses that compare images keep: precision, sizes, gradients, a target without graph."""

import pytest
import torch

from srcore import SrcoreError, build
from srcore.contracts import LossContext
from srcore.errors import ConfigError
from srcore.testing.experiments import load_checked

#: Name -> keys with which images of 24 pixels suffice.
LOSSES = {
    "ssim": {"window_size": 7},
    "ms_ssim": {"scales": 2},
    "frequency": {},
    "focal_frequency": {"patch_factor": 2},
    "gradient": {"magnitude": True},
    "total_variation": {"variation": "isotropic"},
    "consistency": {},
}


def context(side=24, dtype=torch.float64, height=None):
    generator = torch.Generator().manual_seed(0)
    hr, noise = (
        torch.rand(1, 3, height or side, side, generator=generator, dtype=dtype) for _ in range(2)
    )
    lr = torch.nn.functional.avg_pool2d(hr, 2)
    sr = (hr + 0.2 * (noise - 0.5)).requires_grad_()
    return LossContext({"hr": hr, "lr": lr}, sr, iteration=1)


def evolved(given, sr):
    return LossContext(given.batch, sr, iteration=1)


@pytest.mark.parametrize(("name", "keys"), LOSSES.items(), ids=list(LOSSES))
def test_gradient_equals_finite_differences(name, keys):
    loss, given = build("loss", name, **keys), context()
    if name == "focal_frequency":  # its weights are constants for the gradient
        loss = build("loss", name, alpha=0.0, **keys)
    direction = torch.rand(given.sr.shape, generator=torch.Generator().manual_seed(1)).double()

    def along(step):
        return loss(evolved(given, given.sr.detach() + step * direction))

    step = torch.zeros((), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(along, step, eps=1e-7, atol=1e-6)


@pytest.mark.parametrize(("name", "keys"), LOSSES.items(), ids=list(LOSSES))
def test_gradient_of_equal_and_of_constant_images_is_finite(name, keys):
    for images in (context().batch["hr"], torch.full((1, 3, 24, 24), 0.5)):
        sr = images.clone().requires_grad_()
        batch = {"hr": images, "lr": torch.nn.functional.avg_pool2d(images, 2)}
        build("loss", name, **keys)(LossContext(batch, sr, iteration=1)).backward()
        assert torch.isfinite(sr.grad).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("name", "keys"), LOSSES.items(), ids=list(LOSSES))
def test_computes_in_float32_under_autocast_and_for_half_images(name, keys, dtype):
    given = context(dtype=torch.float32)
    half = {entry: image.to(dtype) for entry, image in given.batch.items()}
    sr = given.sr.detach().to(dtype).requires_grad_()
    whole = LossContext({key: it.float() for key, it in half.items()}, sr.detach().float(), 1)
    loss = build("loss", name, **keys)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(LossContext(half, sr, 1))
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(whole))
    value.backward()
    assert sr.grad.dtype == dtype
    assert torch.isfinite(sr.grad).all()


@pytest.mark.parametrize(
    ("name", "keys", "least"),
    [("ssim", {}, 11), ("ms_ssim", {}, 161), ("ms_ssim", {"scales": 2}, 21), ("gradient", {}, 3)],
)
def test_images_below_the_smallest_size_are_refused_and_those_of_it_are_not(name, keys, least):
    loss = build("loss", name, **keys)
    assert torch.isfinite(loss(context(least)))
    with pytest.raises(
        SrcoreError,
        match=rf'^loss "{name}" needs images of {least} pixels per side or more, found '
        rf"{least}x{least - 1}; train on larger crops$",
    ):
        loss(context(least, height=least - 1))


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "total_variation"])
def test_compares_with_the_entry_that_it_is_told(name):
    given = context()
    batch = {"hr": given.sr.detach(), "lr": given.sr.detach(), "other": given.batch["hr"]}
    if name == "consistency":
        batch["other"] = given.batch["lr"]
    loss = build("loss", name, target="other", **LOSSES[name])
    expected = build("loss", name, **LOSSES[name])(given)
    assert torch.equal(loss(LossContext(batch, given.sr, 1)), expected)


def problems(tiny_experiment, loss, *overrides):
    file = tiny_experiment.with_name("losses.toml")
    file.write_text(f'extends = "tiny.toml"\n[[losses]]\n{loss}\n')
    try:
        load_checked(file, overrides)
    except ConfigError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


def test_crops_that_are_too_small_are_found_by_the_check(tiny_experiment):
    assert problems(tiny_experiment, 'type = "ms_ssim"') == [
        "losses[0].type: expected data.train.hr_patch_size to be 161 or more, found 32; the "
        "nearest is 162, or scales = 2"
    ]
    assert problems(tiny_experiment, 'type = "ms_ssim"\nscales = 2') == []
    assert problems(tiny_experiment, 'type = "focal_frequency"\npatch_factor = 3') == [
        "losses[0].patch_factor: expected data.train.hr_patch_size to be a multiple of 3, found "
        "32; the nearest is 30"
    ]
