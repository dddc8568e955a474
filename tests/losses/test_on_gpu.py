"""Losses on a GPU: values and gradients of the CPU; compiled they say the same."""

import pytest
import torch

import srcore
from srcore.contracts import LossContext

pytestmark = pytest.mark.gpu

LOSSES = {
    "l1": {},
    "mse": {},
    "charbonnier": {},
    "perceptual": {"weights": "random", "layers": {"conv2_2": 1.0}},
    "perceptual, resnet18": {"weights": "random", "network": "resnet18", "layers": {"layer1": 1.0}},
    "ssim": {},
    "frequency": {"parts": "amplitude_phase"},
    "focal_frequency": {},
    "gradient": {"magnitude": True},
    "total_variation": {},
    "consistency": {},
    "color": {"space": "hsluv"},
    "lpips": {"weights": "random", "network": "alex"},
    "dists": {"weights": "random"},
    "adversarial": {},
    "adversarial, relativistic": {"relativistic": "average"},
}


def context(sr, hr):
    def discriminate(image):
        return image.mean((2, 3), keepdim=True) - 0.4

    return LossContext(
        batch={"lr": hr[..., ::2, ::2], "hr": hr},
        sr=sr,
        iteration=1,
        progress=0.0,
        ema_sr=None,
        discriminate=discriminate,
        extras={},
    )


def known(name):
    kind = name.partition(",")[0]
    return kind in {entry.name for entry in srcore.components("loss")}


@pytest.mark.filterwarnings("ignore:.*with random weights")
@pytest.mark.parametrize("name", [name for name in LOSSES if known(name)])
def test_values_and_gradients_are_those_of_the_cpu(gpu, name):
    torch.manual_seed(0)
    loss = srcore.build("loss", name.partition(",")[0], **LOSSES[name]).double()
    images = torch.rand(2, 2, 3, 32, 32, dtype=torch.float64)
    values = []
    for device in ("cpu", gpu):
        loss.to(device)
        sr = images[0].to(device).requires_grad_()
        value = loss(context(sr, images[1].to(device)))
        (gradient,) = torch.autograd.grad(value, sr)
        values.append((value.detach().cpu(), gradient.cpu()))
    torch.testing.assert_close(values[1], values[0], rtol=1e-6, atol=1e-9)


def test_a_compiled_loss_says_the_same(gpu):
    torch.manual_seed(0)
    loss = srcore.build("loss", "l1").to(gpu)
    images = torch.rand(2, 2, 3, 16, 16, device=gpu)
    torch.compiler.reset()
    values = []
    for call in (torch.compile(loss), loss):
        sr = images[0].clone().requires_grad_()
        value = call(context(sr, images[1]))
        values.append((value.detach(), torch.autograd.grad(value, sr)[0]))
    torch.compiler.reset()
    torch.testing.assert_close(values[0], values[1], rtol=1e-5, atol=1e-7)
