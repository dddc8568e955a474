"""Blurs, colors of other sizes, fields and halos against loops."""

import math

import cv2
import numpy as np
import pytest
import torch
from srplug_degradations.lenses import (
    ChromaticAberration,
    Halos,
    Interlacing,
    LensBlur,
    MotionBlur,
    disk_kernels,
    motion_kernels,
)


def rounded(image):
    return (image * 255).round().clamp(0, 255) / 255


def close(result, expected):
    """But for a level where rounding may go either way."""
    torch.testing.assert_close(result, expected.to(result.dtype), rtol=0, atol=1.01 / 255)


def interpolated(plane, y, x):
    """A value between pixels; edges go on."""
    height, width = plane.shape
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = math.floor(y), math.floor(x)
    down, right = min(top + 1, height - 1), min(left + 1, width - 1)
    v, u = y - top, x - left
    above = plane[top, left] * (1 - u) + plane[top, right] * u
    return above * (1 - v) + (plane[down, left] * (1 - u) + plane[down, right] * u) * v


@pytest.mark.parametrize(("length", "degrees"), [(1, 0), (5, 0), (7, 90), (6, 30)])
def test_motion_is_the_mean_along_a_line(length, degrees, picture, degraded):
    image = picture(height=21, width=23)
    angle = math.radians(degrees)
    steps = [(k / 200 - 0.5) * (length - 1) for k in range(201)]
    plane = image[0, 0].double()
    result = degraded(MotionBlur, image, length=(length, length), angle=(degrees, degrees))
    for y, x in ((10, 11), (8, 9), (12, 14)):
        values = [
            interpolated(plane, y + s * math.sin(angle), x + s * math.cos(angle)) for s in steps
        ]
        assert abs(result[0, 0, y, x].item() - sum(values).item() / 201) < 1.5 / 255
    kernel = motion_kernels(torch.tensor([length * 1.0]), torch.tensor([angle]), 9)
    torch.testing.assert_close(kernel.sum().item(), 1.0)


def test_a_disk_counts_what_it_covers():
    kernel = disk_kernels(torch.tensor([2.3]), 7)[0]
    expected = np.zeros((7, 7))
    for row in range(56):
        for column in range(56):
            y, x = (row + 0.5) / 8 - 3.5, (column + 0.5) / 8 - 3.5
            expected[row // 8, column // 8] += math.hypot(y, x) <= 2.3
    torch.testing.assert_close(kernel, torch.from_numpy(expected / expected.sum()))
    assert abs(expected.sum() / 64 - math.pi * 2.3**2) < 0.3


def test_focus_is_filtering_by_that_disk(picture, degraded):
    image = picture()
    kernel = disk_kernels(torch.tensor([2.3]), 7)[0].numpy()
    expected = cv2.filter2D(
        image[0].permute(1, 2, 0).double().numpy(), -1, kernel, borderType=cv2.BORDER_REFLECT_101
    )
    result = degraded(LensBlur, image, radius=(2.3, 2.3))[0].permute(1, 2, 0)
    close(result, torch.from_numpy(expected))


def test_colors_have_other_sizes(picture, degraded):
    image = picture(height=20, width=30)
    result = degraded(ChromaticAberration, image, shift=(1.5, 1.5))[0]
    assert torch.equal(result[1], image[0, 1])
    corner = math.hypot(10, 15)
    for channel, factor in ((0, 1 + 1.5 / corner), (2, 1 - 1.5 / corner)):
        plane = image[0, channel].double()
        for y, x in ((0, 0), (5, 22), (19, 29), (10, 15)):
            place = (y - 9.5) / factor + 9.5, (x - 14.5) / factor + 14.5
            assert abs(result[channel, y, x].item() - interpolated(plane, *place).item()) < 1 / 255


@pytest.mark.parametrize("kind", ["comb", "blend", "bob"])
@pytest.mark.parametrize("height", [10, 11])
def test_fields(kind, height, picture, degraded):
    image = picture(height=height, width=17)
    result = degraded(Interlacing, image, shift=(2.5, 2.5), kinds=(kind,))[0, 0]
    plane = image[0, 0].double()
    for y in range(height):
        for x in range(17):
            early, late = plane[y, x], interpolated(plane, y, x - 2.5)
            if kind == "comb":
                expected = late if y % 2 else early
            elif kind == "blend":
                expected = (early + late) / 2
            elif y % 2 == 0:
                expected = early
            else:
                expected = (plane[y - 1, x] + plane[min(y + 1, (height - 1) // 2 * 2), x]) / 2
            assert abs(result[y, x].item() - expected.item()) < 0.6 / 255


def test_halos_are_unsharp_masking(picture, degraded):
    image = picture()
    array = image[0].permute(1, 2, 0).double().numpy()
    blurred = cv2.GaussianBlur(array, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT_101)
    expected = torch.from_numpy(np.clip(array + 1.2 * (array - blurred), 0, 1))
    result = degraded(Halos, image, sigma=(1.5, 1.5), amount=(1.2, 1.2))[0].permute(1, 2, 0)
    close(result, rounded(expected))
    assert result.max() > image.max() or result.min() <= image.min()
