"""How near to PyTorch a program comes, on a part of the user's image."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from srcore.inference.backends.backend import BackendError
from srcore.inference.backends.program import Program
from srcore.options.spelling import spelled

#: Gray levels of 8 bits that a program may differ from PyTorch.
ALLOWED = 1.0
_LEVELS = 255


def check_alike(name: str, program: Program, image: Tensor) -> None:
    """Refuse a program that makes another image, or none, at one of two sizes.

    The image is ``(1, C, H, W)`` in [0, 1].

    Raises:
        BackendError: says by how much, and what to do.
    """
    for part in (image, _smaller(image)):
        levels = levels_apart(program, program.network, part)
        if not levels <= ALLOWED:
            other = "another size" if math.isinf(levels) else f"{levels:.3g} gray levels"
            raise BackendError(
                f"{spelled('backend', name)}: its result differs from PyTorch's by {other} on a "
                f"part of the image; expected at most {ALLOWED:g}; "
                f"use {spelled('backend', 'torch')}"
            )


@torch.inference_mode()
def levels_apart(first: nn.Module, second: nn.Module, image: Tensor) -> float:
    """Largest difference of what images show; infinite if the sizes differ.

    The image is ``(N, C, H, W)`` in [0, 1]; the result counts gray levels of 255.
    """
    made, expected = first(image).float(), second(image).float()
    if made.shape != expected.shape:
        return math.inf
    return _LEVELS * float((made.clamp(0, 1) - expected.clamp(0, 1)).abs().max())


@torch.inference_mode()
def decibels_apart(first: nn.Module, second: nn.Module, images: tuple[Tensor, ...]) -> float:
    """PSNR between the results of both for all images together; infinite if they are equal.

    Images are ``(N, C, H, W)`` in [0, 1].
    """
    errors = [
        (first(image).float().clamp(0, 1) - second(image).float().clamp(0, 1)).square().mean()
        for image in images
    ]
    mean = float(torch.stack(errors).mean())
    return math.inf if mean == 0 else -10 * math.log10(mean)


@torch.inference_mode()
def processor_seconds(network: nn.Module, image: Tensor, clock: Callable[[], float]) -> float:
    """Of the faster of two runs after a first one that does not count.

    The image is ``(N, C, H, W)`` in [0, 1].
    """
    times = []
    for _ in range(3):
        begin = clock()
        network(image)
        times.append(clock() - begin)
    return min(times[1:])


def processor_clock() -> float:
    """Processor time of all threads of this process."""
    return time.process_time()


def _smaller(image: Tensor) -> Tensor:
    """A part that is not square, of odd sides."""
    height, width = image.shape[-2:]
    return image[..., : max(1, height * 2 // 3 - 1), : max(1, width // 2 - 1)]
