"""Transforms on a GPU: the values of the CPU, and random ones that repeat."""

import pytest
import torch

import srcore
from srcore.transforms.blur import filter2d, gaussian_blur
from srcore.transforms.jpeg import jpeg
from srcore.transforms.sharpen import sharpen

pytestmark = pytest.mark.gpu


def image(side=48):
    torch.manual_seed(0)
    return torch.rand(2, 3, side, side + 3, dtype=torch.float64)


@pytest.mark.parametrize("differentiable", [False, True])
def test_jpeg_equals_that_of_the_cpu(gpu, differentiable):
    quality = torch.tensor([35.0, 80.0], dtype=torch.float64)
    expected = jpeg(image(), quality, differentiable=differentiable)
    got = jpeg(image().to(gpu), quality.to(gpu), differentiable=differentiable)
    # a coefficient that lies between two steps may fall on either side
    near = (got.cpu() - expected).abs() < 1e-6
    assert near.double().mean() > 0.99


def test_filters_equal_those_of_the_cpu(gpu):
    kernels = torch.rand(2, 7, 7, dtype=torch.float64)
    torch.testing.assert_close(
        filter2d(image().to(gpu), kernels.to(gpu)).cpu(), filter2d(image(), kernels)
    )
    for call in (lambda x: gaussian_blur(x, 1.2), lambda x: sharpen(x, size=21)):
        torch.testing.assert_close(call(image(64).to(gpu)).cpu(), call(image(64)))


@pytest.mark.parametrize("name", ["gaussian_noise", "poisson_noise", "blur", "jpeg"])
def test_random_transforms_stay_on_the_device_and_repeat(gpu, name):
    transform = srcore.build("transform", name, scale=2)
    hr = image().float().to(gpu)
    results = []
    for seed in (1, 1):
        generator = torch.Generator(gpu if gpu.type == "cuda" else "cpu").manual_seed(seed)
        results.append(transform({"hr": hr, "lr": hr[..., ::2, ::2].contiguous()}, generator))
    for key, value in results[0].items():
        assert value.device == gpu
        assert torch.isfinite(value).all()
        assert torch.equal(value, results[1][key])
