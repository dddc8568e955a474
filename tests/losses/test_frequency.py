"""Losses on spectra against sums over pixels."""

import cmath
import math

import pytest
import torch

from srcore import SrcoreError
from srcore.contracts import LossContext
from srcore.losses.frequency import FocalFrequencyLoss, FrequencyLoss, phase_distance


def pair(*shape):
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(shape, generator=generator, dtype=torch.float64) for _ in range(2)]


def value(loss, sr, hr):
    return float(loss(LossContext({"hr": hr}, sr, iteration=1)))


def _reference_transform(plane, columns):
    """Sums over all pixels, for the first columns of the spectrum."""
    height, width = plane.shape
    pixels = plane.tolist()
    return {
        (u, v): sum(
            pixels[y][x] * cmath.exp(-2j * math.pi * (u * y / height + v * x / width))
            for y in range(height)
            for x in range(width)
        )
        for u in range(height)
        for v in range(columns)
    }


def _reference_pairs(sr, hr, columns):
    for a, b in zip(sr.flatten(0, 1), hr.flatten(0, 1), strict=True):
        first, second = (_reference_transform(plane, columns) for plane in (a, b))
        yield [(first[key], second[key]) for key in first]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


@pytest.mark.parametrize("norm", ["ortho", "backward"])
@pytest.mark.parametrize("shape", [(1, 2, 4, 6), (2, 1, 5, 3)])
def test_complex_distance_equals_sums_over_pixels(shape, norm):
    sr, hr = pair(*shape)
    divisor = math.sqrt(shape[2] * shape[3]) if norm == "ortho" else 1
    expected = mean(
        (abs((a - b).real) + abs((a - b).imag)) / 2 / divisor
        for pairs in _reference_pairs(sr, hr, shape[3] // 2 + 1)
        for a, b in pairs
    )
    assert value(FrequencyLoss(norm=norm), sr, hr) == pytest.approx(expected)


def test_amplitudes_and_phases_equal_sums_over_pixels():
    sr, hr = pair(2, 2, 5, 4)
    pairs = [it for pairs in _reference_pairs(sr, hr, 3) for it in pairs]
    amplitude = mean(abs(abs(a) - abs(b)) for a, b in pairs)
    angles = [abs(cmath.phase(a) - cmath.phase(b)) for a, b in pairs]
    phase = mean(min(angle, 2 * math.pi - angle) for angle in angles)
    loss = FrequencyLoss(parts="amplitude_phase", amplitude=0.25, phase=2.0, norm="backward")
    assert value(loss, sr, hr) == pytest.approx(0.25 * amplitude + 2 * phase)


def test_coefficients_that_are_nearly_nothing_have_no_phase_and_no_slope():
    a = torch.tensor([1e-9 + 1e-9j, 1 + 0j], requires_grad=True)
    distance = phase_distance(a, torch.tensor([1 + 0j, 0 + 1j]))
    distance.backward()
    assert float(distance.detach()) == pytest.approx(math.pi / 4)
    assert a.grad[0] == 0
    assert torch.isfinite(torch.view_as_real(a.grad)).all()


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("patch_factor", [1, 2])
def test_focal_frequency_equals_sums_over_pixels(alpha, patch_factor):
    sr, hr = pair(2, 1, 4, 6)
    height, width = 4 // patch_factor, 6 // patch_factor
    terms = []
    for top in range(0, 4, height):
        for left in range(0, 6, width):
            piece = (..., slice(top, top + height), slice(left, left + width))
            for pairs in _reference_pairs(sr[piece], hr[piece], width):
                distances = [abs(a - b) / math.sqrt(height * width) for a, b in pairs]
                weights = [distance**alpha / max(distances) ** alpha for distance in distances]
                terms += [w * d * d for w, d in zip(weights, distances, strict=True)]
    loss = FocalFrequencyLoss(alpha=alpha, patch_factor=patch_factor)
    assert value(loss, sr, hr) == pytest.approx(mean(terms))


def test_weights_of_focal_frequency_are_constants():
    sr, hr = pair(1, 1, 4, 4)
    spectrum = torch.fft.fft2(sr - hr, norm="ortho").abs()
    weights = spectrum / spectrum.max()
    sr.requires_grad_()
    FocalFrequencyLoss()(LossContext({"hr": hr}, sr, iteration=1)).backward()
    weighted = torch.fft.ifft2(weights * torch.fft.fft2(sr.detach() - hr)).real
    torch.testing.assert_close(sr.grad, 2 * weighted / 16)


def test_pieces_that_do_not_fit_are_refused():
    sr, hr = pair(1, 1, 4, 6)
    with pytest.raises(SrcoreError, match="patch_factor = 3 does not divide images of 6x4; choose"):
        value(FocalFrequencyLoss(patch_factor=3), sr, hr)
