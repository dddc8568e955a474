import attrs
import pytest
import torch

from srcore.errors import SrcoreError
from srcore.options.declaration import InvalidOptionError
from srcore.transforms.degradation import SecondOrderDegradation, degrade_by_plan, draw_plan
from srcore.transforms.noise import quantized
from srcore.transforms.options import (
    FirstPassOptions,
    SecondOrderDegradationOptions,
    SecondPassOptions,
)
from srcore.transforms.sharpen import sharpen


def plans(options, count, generator=None):
    generator = generator or torch.Generator().manual_seed(0)
    return [draw_plan(options, 2, generator) for _ in range(count)]


@pytest.mark.parametrize("scale", [2, 4])
def test_the_batch_gets_matching_crops(scale):
    transform = SecondOrderDegradation(scale=scale, hr_crop=32)
    hr = quantized(torch.rand(2, 3, 48, 52))
    output = transform({"hr": hr}, torch.Generator().manual_seed(1))
    assert output["lr"].shape == (2, 3, 32 // scale, 32 // scale)
    assert output["hr"].shape == (2, 3, 32, 32)
    assert torch.equal(output["lr"], quantized(output["lr"]))
    assert torch.equal(output["hr_sharpened"], sharpen(output["hr"]))
    windows = hr.unfold(2, 32, scale).unfold(3, 32, scale)
    same = (windows == output["hr"][:, :, None, None]).all(-1).all(-1).all(1).all(0)
    assert same.sum() == 1


def test_the_same_generator_gives_the_same_batch():
    transform = SecondOrderDegradation(scale=4, hr_crop=32)
    batch = {"hr": torch.rand(2, 3, 44, 44)}
    first, again, other = (
        transform(batch, torch.Generator().manual_seed(seed))["lr"] for seed in (7, 7, 8)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_without_degradation_what_remains_is_a_resize():
    nothing = {
        "blur_probability": 0.0,
        "resize_probabilities": (0.0, 0.0, 1.0),
        "gaussian_probability": 1.0,
        "gaussian_sigma": (0.0, 0.0),
        "jpeg_quality": (100.0, 100.0),
    }
    transform = SecondOrderDegradation(
        scale=4,
        hr_crop=0,
        first=FirstPassOptions(**nothing),
        second=SecondPassOptions(**nothing),
        resize_modes=("area",),
        sinc_probability=0.0,
        degrade_sharpened=False,
    )
    gray = torch.rand(1, 1, 32, 32).expand(1, 3, 32, 32)
    output = transform({"hr": gray}, torch.Generator())
    expected = quantized(torch.nn.functional.avg_pool2d(gray, 4))
    assert (output["lr"] - expected).abs().max() < 1.01 / 255
    assert output["hr"].shape == gray.shape


def test_decisions_occur_as_often_as_published():
    drawn = plans(SecondOrderDegradationOptions(), 1500)

    def share(condition):
        return sum(condition(plan) for plan in drawn) / len(drawn)

    expected = {
        0.2: lambda plan: plan.first.factor > 1,
        0.7: lambda plan: plan.first.factor < 1,
        0.3: lambda plan: plan.second.factor > 1,
        0.4: lambda plan: plan.second.factor < 1,
        0.8: lambda plan: plan.second.kernels is not None,
        0.5: lambda plan: plan.jpeg_last,
        1.0: lambda plan: plan.first.kernels is not None,
        1 / 3: lambda plan: plan.final_mode == "area",
    }
    for probability, condition in expected.items():
        assert share(condition) == pytest.approx(probability, abs=0.05)
    gaussian = share(lambda plan: "sigma" in plan.first.noise.keywords)
    assert gaussian == pytest.approx(0.5, abs=0.05)
    factors = [plan.first.factor for plan in drawn]
    assert 0.15 <= min(factors) < 0.2
    assert 1.45 < max(factors) <= 1.5
    qualities = torch.cat([plan.first.quality for plan in drawn])
    assert 30 <= qualities.min() < 32
    assert 93 < qualities.max() <= 95


def test_both_orders_of_the_last_steps_occur():
    options = SecondOrderDegradationOptions()
    orders = set()
    for plan in plans(options, 20):
        names = [name for name, _ in degrade_by_plan(torch.rand(2, 3, 40, 40), (10, 10), plan)]
        orders.add(tuple(names[-3:]))
    assert orders == {("resize", "filter", "jpeg"), ("jpeg", "resize", "filter")}


def test_every_step_stays_finite():
    for plan in plans(SecondOrderDegradationOptions(), 15):
        image = (torch.rand(2, 3, 24, 24) > 0.5).float()
        for name, step in degrade_by_plan(image, (6, 6), plan):
            assert torch.isfinite(step).all(), name


def test_the_second_pass_keeps_its_own_defaults_when_one_key_changes():
    second = SecondPassOptions(blur_probability=0.5)
    assert second.kernel.sigma == (0.2, 1.5)
    assert second.gaussian_sigma == (1.0, 25.0)
    assert FirstPassOptions().kernel.sigma == (0.2, 3.0)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sinc_cutoff", (2.0, 1.0), "sinc_cutoff: expected lowest <= highest, found"),
        ("sinc_sizes", (7, 20), "sinc_sizes: expected odd sizes, found"),
        ("resize_modes", (), "resize_modes: expected at least one mode, found none"),
        ("sinc_probability", 1.2, "sinc_probability: expected a number >= 0 and <= 1"),
    ],
)
def test_impossible_options_are_refused(key, value, message):
    with pytest.raises(InvalidOptionError, match=message):
        attrs.evolve(SecondOrderDegradationOptions(), **{key: value})


def test_crops_that_do_not_fit_are_explained():
    with pytest.raises(SrcoreError, match="hr_crop must be a multiple of the scale 4, found 30"):
        SecondOrderDegradation(scale=4, hr_crop=30)
    transform = SecondOrderDegradation(scale=4, hr_crop=64)
    with pytest.raises(SrcoreError, match="HR images of 48x52 are smaller than hr_crop 64"):
        transform({"hr": torch.rand(1, 3, 48, 52)}, torch.Generator())


@pytest.mark.gpu
def test_the_pipeline_runs_on_cuda():
    transform = SecondOrderDegradation(scale=4, hr_crop=32)
    generator = torch.Generator("cuda").manual_seed(0)
    output = transform({"hr": torch.rand(2, 3, 48, 48, device="cuda")}, generator)
    assert output["lr"].is_cuda
    assert torch.isfinite(output["lr"]).all()
