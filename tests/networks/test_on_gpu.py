"""Networks on a GPU: values and gradients of the CPU, in both layouts, recorded as a graph."""

import pytest
import torch

import srcore

pytestmark = pytest.mark.gpu

NETWORKS = {
    "edsr": {"num_features": 8, "num_blocks": 1},
    "msrresnet": {"num_features": 8, "num_blocks": 1},
    "rrdbnet": {"num_features": 8, "num_blocks": 1, "growth_channels": 4},
    "swinir": {"embed_dim": 12, "depths": (2,), "num_heads": (2,), "num_features": 8},
    "compact": {"num_features": 8, "num_convs": 2},
}
DISCRIMINATORS = {
    "vgg": {"num_features": 4},
    "unet": {"num_features": 4},
    "patch": {"num_features": 4, "num_layers": 2},
}
ALL = [
    *(("network", name, {"scale": 2, **options}, 16) for name, options in NETWORKS.items()),
    *(("discriminator", name, options, 128) for name, options in DISCRIMINATORS.items()),
]


def build(kind, name, options):
    torch.manual_seed(0)
    network = srcore.build(kind, name, **options)
    if name == "unet":  # spectral norms know nothing of their weights before
        with torch.no_grad():
            for _ in range(20):
                network(torch.rand(1, 3, 32, 32))
    return network


def step(network, image):
    out = network(image)
    loss = (out * torch.linspace(0, 1, out.numel(), device=out.device).view(out.shape)).sum()
    return out, torch.autograd.grad(loss, list(network.parameters()))


@pytest.mark.parametrize(("kind", "name", "options", "side"), ALL, ids=[one[1] for one in ALL])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_those_of_the_cpu(gpu, kind, name, options, side, layout):
    network = build(kind, name, options).double().eval()
    torch.manual_seed(1)
    image = torch.rand(2, 3, side, side, dtype=torch.float64)
    expected, wanted = step(network, image)
    moved = build(kind, name, options).double().eval().to(gpu, memory_format=layout)
    out, gradients = step(moved, image.to(gpu, memory_format=layout))
    torch.testing.assert_close(out.cpu(), expected, rtol=1e-7, atol=1e-9)
    for got, want in zip(gradients, wanted, strict=True):
        scale = max(1.0, float(want.abs().max()))
        torch.testing.assert_close(got.cpu(), want, rtol=1e-6, atol=1e-8 * scale)


@pytest.mark.parametrize(("kind", "name", "options", "side"), ALL, ids=[one[1] for one in ALL])
def test_a_step_can_be_recorded_as_a_graph(gpu, kind, name, options, side):
    if gpu.type != "cuda":
        pytest.skip("only CUDA has graphs")
    network = build(kind, name, options).to(gpu).eval()  # statistics change with every call
    images = [torch.rand(2, 3, side, side, device=gpu) for _ in "ab"]
    static = images[0].clone()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step(network, static)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out, gradients = step(network, static)
    for image in images:
        static.copy_(image)
        graph.replay()
        expected, wanted = step(network, image)
        torch.testing.assert_close(out, expected, rtol=1e-3, atol=1e-4)
        for got, want in zip(gradients, wanted, strict=True):
            scale = max(1.0, float(want.abs().max()))
            torch.testing.assert_close(got, want, rtol=1e-2, atol=1e-3 * scale)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("kind", "name", "options", "side"), ALL, ids=[one[1] for one in ALL])
def test_autocast_is_near_float32(gpu, kind, name, options, side, dtype):
    network = build(kind, name, options).to(gpu).eval()
    image = torch.rand(2, 3, side, side, device=gpu)
    with torch.no_grad():
        expected = network(image)
        with torch.autocast(gpu.type, dtype):
            out = network(image).float()
    spread = max(1e-2, float(expected.std()), float(expected.abs().mean()))
    bound = 0.3 if dtype == torch.bfloat16 else 0.1
    assert float((out - expected).square().mean().sqrt()) < bound * spread
