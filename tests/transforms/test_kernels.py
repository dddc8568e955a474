import math

import attrs
import numpy as np
import pytest
import torch

from formulas.blur import bell
from srcore.options.declaration import InvalidOptionError
from srcore.transforms.kernels import (
    draw_kernels,
    draw_sinc_or_impulse,
    gaussian_kernels,
    impulse,
    sinc_kernels,
)
from srcore.transforms.options import KernelOptions


def column(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("plateau", [False, True])
def test_gaussian_families_follow_the_covariance_and_are_framed_by_zeros(plateau):
    cases = [(7, 1.3, 0.6, 0.7, 1.0), (13, 2.0, 2.0, 0.0, 0.6), (21, 0.8, 2.9, -2.0, 1.9)]
    sizes, *numbers = zip(*cases, strict=True)
    kernels = gaussian_kernels(
        21,
        torch.tensor(sizes),
        *(column(*values) for values in numbers),
        torch.tensor([plateau] * 3),
    )
    for kernel, case in zip(kernels, cases, strict=True):
        margin = (21 - case[0]) // 2
        expected = np.pad(bell(*case, plateau), margin)
        np.testing.assert_allclose(kernel, expected, atol=1e-14)


def test_sinc_kernels_sum_to_one_and_ring():
    kernels = sinc_kernels(21, torch.tensor([7, 21]), column(2.0, 1.0))
    torch.testing.assert_close(kernels.sum(dim=(1, 2)), column(1, 1))
    assert kernels[1].min() < 0
    assert (kernels[0, :7] == 0).all()
    torch.testing.assert_close(kernels[1], kernels[1].T)


def test_a_sinc_kernel_passes_low_and_stops_high_frequencies():
    kernel = sinc_kernels(21, torch.tensor([21]), column(1.2))[0]
    x = torch.arange(21, dtype=torch.float64) - 10
    low = (kernel * torch.cos(0.4 * x)).sum()
    high = (kernel * torch.cos(2.6 * x)).sum()
    assert low > 0.9
    assert abs(high) < 0.1


def test_random_kernels_are_normalized_and_repeat_with_the_generator():
    kernels = draw_kernels(KernelOptions(), 200, torch.Generator().manual_seed(0))
    again = draw_kernels(KernelOptions(), 200, torch.Generator().manual_seed(0))
    assert kernels.shape == (200, 21, 21)
    assert torch.equal(kernels, again)
    torch.testing.assert_close(kernels.sum(dim=(1, 2)), torch.ones(200), rtol=0, atol=1e-5)


def test_sizes_are_uniform_over_the_odd_numbers():
    options = KernelOptions(sigma=(30.0, 30.0), sinc_probability=0.0)
    kernels = draw_kernels(options, 4000, torch.Generator().manual_seed(1))
    sizes = (kernels[:, 10] > 0).sum(dim=1)
    counts = [(sizes == size).sum().item() for size in range(7, 22, 2)]
    assert sum(counts) == 4000
    assert min(counts) > 400


def test_kinds_occur_as_often_as_asked():
    # An anisotropic kernel alone is not symmetric under a rotation by a quarter turn.
    options = KernelOptions(sigma=(1.0, 3.0), sizes=(21, 21))
    kernels = draw_kernels(options, 4000, torch.Generator().manual_seed(2))
    turned = kernels.transpose(1, 2).flip(2)
    round_ones = ((kernels - turned).abs().amax(dim=(1, 2)) < 1e-6).float().mean().item()
    assert round_ones == pytest.approx(0.9 * 0.69 + 0.1, abs=0.03)
    negative = (kernels.amin(dim=(1, 2)) < 0).float().mean().item()
    assert negative == pytest.approx(0.1, abs=0.02)


def test_only_the_chosen_kind_is_drawn():
    zero = dict.fromkeys(
        ["iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_aniso"], 0.0
    )
    options = KernelOptions(
        **zero, plateau_beta=(1.0, 1.0), sigma=(2.0, 2.0), sizes=(9, 9), sinc_probability=0.0
    )
    kernel = draw_kernels(options, 1, torch.Generator())[0]
    np.testing.assert_allclose(kernel, bell(9, 2.0, 2.0, 0, 1.0, True), atol=1e-7)
    with pytest.raises(InvalidOptionError, match="iso: expected at least one kind"):
        attrs.evolve(options, plateau_iso=0.0)


def test_the_final_filter_is_a_sinc_or_an_impulse():
    kernels = draw_sinc_or_impulse(
        0.8, (7, 21), (math.pi / 3, math.pi), 2000, torch.Generator().manual_seed(0)
    )
    same = torch.tensor([torch.equal(k, impulse(21, k.device).float()) for k in kernels])
    assert same.float().mean().item() == pytest.approx(0.2, abs=0.03)
