"""DLSN on a GPU beside its operator: the CPU's values, autocast, channels_last, compiled."""

import pytest
import torch
from srplug_dlsn.attention import GLA

import srcore

pytestmark = pytest.mark.gpu

SMALL = {"num_features": 16, "num_groups": 1, "num_blocks": 1, "chunk_size": 16}


def make(**options):
    torch.manual_seed(0)
    return srcore.build("network", "dlsn", scale=2, **SMALL, **options).eval()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_those_of_the_cpu(gpu, layout):
    torch.manual_seed(1)
    image = torch.rand(2, 3, 21, 18, dtype=torch.float64)
    results = []
    for device in ("cpu", gpu):
        network = make().double().to(device, memory_format=layout)
        out = network(image.to(device, memory_format=layout))
        gradients = torch.autograd.grad(out.square().sum(), list(network.parameters()))
        results.append([out.detach().cpu(), *(gradient.cpu() for gradient in gradients)])
    for got, want in zip(results[1], results[0], strict=True):
        scale = max(1.0, float(want.abs().max()))
        torch.testing.assert_close(got, want, rtol=1e-6, atol=1e-8 * scale)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_step_under_autocast_is_near(gpu, dtype):
    network = make().train().to(gpu)
    image = torch.rand(2, 3, 24, 24, device=gpu)
    torch.manual_seed(2)
    expected = network(image).detach()
    torch.manual_seed(2)
    with torch.autocast(gpu.type, dtype):
        out = network(image).float()
    out.square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
    assert float((out.detach() - expected).square().mean().sqrt()) < 0.05


@pytest.mark.timeout(300)  # compiling takes more than a minute
@pytest.mark.filterwarnings("default")  # of Dynamo, about the cached rotations
@pytest.mark.parametrize("backend", ["torch", "auto"])
def test_a_compiled_block_says_the_same(gpu, backend):
    torch.manual_seed(0)
    block = GLA(16, chunk_size=16, backend=backend).eval().to(gpu)
    x = torch.rand(1, 16, 12, 14, device=gpu)
    torch.compiler.reset()
    with torch.no_grad():
        out = torch.compile(block)(x)
        torch.testing.assert_close(out, block(x), rtol=1e-4, atol=1e-4)
    torch.compiler.reset()
