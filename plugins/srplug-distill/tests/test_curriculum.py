"""The curriculum against its formula, pixel by pixel."""

import math

import pytest
import torch
from srplug_distill.curriculum import curriculum_target
from srplug_distill.options import CurriculumOptions

from srcore.testing import assert_close

OPTIONS = CurriculumOptions(end=0.8, head_start=0.4, tolerance=0.1)


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 2, 3, 5, 4, dtype=torch.float64, generator=generator).unbind()


def naive(teacher, hr, progress, options):
    result = torch.empty_like(hr)
    for n in range(hr.shape[0]):
        for y in range(hr.shape[2]):
            for x in range(hr.shape[3]):
                pairs = list(
                    zip(teacher[n, :, y, x].tolist(), hr[n, :, y, x].tolist(), strict=True)
                )
                mean = sum(abs(b - a) for a, b in pairs) / len(pairs)
                confidence = math.exp(-mean / options.tolerance)
                share = progress / (options.end * (1 - options.head_start * confidence))
                share = min(1.0, share)
                for c, (a, b) in enumerate(pairs):
                    result[n, c, y, x] = (1 - share) * a + share * b
    return result


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5, 0.79, 1.0])
def test_equals_the_formula(images, progress):
    expected = naive(*images, progress, OPTIONS)
    assert_close(curriculum_target(*images, progress, OPTIONS), expected, rtol=1e-12, atol=1e-12)


def test_is_the_teacher_first_and_the_truth_in_the_end(images):
    teacher, hr = images
    for options in (OPTIONS, CurriculumOptions()):
        assert torch.equal(curriculum_target(teacher, hr, 0.0, options), teacher)
        assert torch.equal(curriculum_target(teacher, hr, 1.0, options), hr)


def test_half_of_the_way_is_their_mean_without_a_head_start(images):
    teacher, hr = images
    half = curriculum_target(teacher, hr, 0.5, CurriculumOptions(head_start=0.0))
    assert_close(half, (teacher + hr) / 2, rtol=1e-12, atol=1e-12)


def test_a_confident_teacher_is_left_earlier():
    teacher, hr = torch.zeros(1, 1, 1, 2), torch.tensor([[[[0.01, 0.9]]]])
    near, far = (curriculum_target(teacher, hr, 0.3, CurriculumOptions()) / hr).flatten()
    assert near > 0.5
    assert abs(far - 0.3) < 1e-6
