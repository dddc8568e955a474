"""The loss against the error of the velocity, value and gradient."""

import torch
from srplug_flow.losses import flow_matching_loss
from srplug_flow.networks import Flow

from srcore.testing import assert_close


def test_it_is_the_error_of_the_velocity_with_its_gradient():
    torch.manual_seed(0)
    network = Flow(2, num_features=4, num_blocks=1).double()
    lr, hr, noise = torch.rand(2, 3, 6, 5), torch.rand(2, 3, 12, 10), torch.randn(2, 3, 12, 10)
    lr, hr, noise = lr.double(), hr.double(), noise.double()
    time = torch.tensor([0.0, 0.9], dtype=torch.float64)
    sr = network(lr, noise=noise, target=hr, time=time)
    value = flow_matching_loss(sr, hr, time)
    expected = []
    for n, t in enumerate(time.tolist()):
        start = network.start(lr[n : n + 1], noise[n : n + 1])
        point = (1 - t) * start + t * hr[n : n + 1]
        velocity = network.velocity(point, time[n : n + 1], lr[n : n + 1])
        expected.append(((velocity - (hr[n : n + 1] - start)) ** 2).mean())
    mean = (expected[0] + expected[1]) / 2
    assert_close(value, mean, rtol=1e-9, atol=0)
    parameters = list(network.parameters())
    gradients = torch.autograd.grad(value, parameters)
    for gradient, wanted in zip(gradients, torch.autograd.grad(mean, parameters), strict=True):
        assert_close(gradient, wanted, rtol=1e-8, atol=1e-12)


def test_the_latest_time_is_precise_in_float32():
    torch.manual_seed(0)
    hr, start, velocity = torch.rand(3, 1, 3, 8, 8).unbind()
    time = torch.tensor([0.999])
    point = (1 - time) * start + time * hr
    value = flow_matching_loss(point + (1 - time) * velocity, hr, time)
    expected = (velocity - (hr - start)).double().square().mean()
    assert_close(value.double(), expected, rtol=1e-3, atol=0)
