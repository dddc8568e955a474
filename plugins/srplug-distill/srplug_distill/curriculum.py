"""A target between teacher and truth."""

from __future__ import annotations

import torch
from torch import Tensor

from srplug_distill.options import CurriculumOptions


def curriculum_target(
    teacher: Tensor, hr: Tensor, progress: float, options: CurriculumOptions
) -> Tensor:
    """``teacher + a * (hr - teacher)``: easy targets first, the truth in the end.

    With the mean absolute difference d of a pixel over its channels, the teacher's confidence is
    ``c = exp(-d / tolerance)`` and ``a = min(1, progress / (end * (1 - head_start * c)))``: a
    confident teacher is left earlier. Where a is 1 the result is ``hr`` to the bit.

    Args:
        teacher: its output, ``(N, C, H, W)`` in [0, 1].
        hr: truth of the same shape.
        progress: of the stage, in [0, 1].
        options: keys of the table ``curriculum``.

    Returns:
        ``(N, C, H, W)``, in the precision of ``hr``.

    >>> teacher, hr = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    >>> curriculum_target(teacher, hr, 0.25, CurriculumOptions(head_start=0.0)).flatten()
    tensor([0.2500, 0.2500, 0.2500])
    """
    difference = hr - teacher
    confidence = (difference.abs().mean(dim=1, keepdim=True) / -options.tolerance).exp()
    share = progress / (options.end * (1 - options.head_start * confidence))
    return torch.where(share >= 1, hr, teacher + share * difference)
