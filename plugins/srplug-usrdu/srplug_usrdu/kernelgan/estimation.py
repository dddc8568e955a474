"""From an image to its kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from srcore.errors import DataError
from srplug_usrdu.kernelgan.networks import CROP
from srplug_usrdu.kernelgan.published import SHAVED, PublishedKernelGan
from srplug_usrdu.kernelgan.training import KernelGan, KernelGanSettings


def estimate_kernel(
    image: Tensor, settings: KernelGanSettings, *, seed: int = 0, source: str = "image"
) -> NDArray[np.float64]:
    """The raw x2 kernel of an image.

    Args:
        image: ``(1, 3, H, W)`` in [0, 1].
        settings: variant, length and width of the training.
        seed: same seed, same kernel on a CPU.
        source: what errors name.

    Returns:
        ``(13, 13)``, not yet post-processed; see :func:`srplug_usrdu.kernels.finished_kernels`.

    Raises:
        DataError: the image is smaller than a crop.
    """
    published = settings.variant == "published"
    smallest = CROP + 2 * SHAVED if published else CROP
    if min(image.shape[-2:]) < smallest:
        height, width = image.shape[-2:]
        raise DataError(
            f"{source}: {width}x{height} pixels (width x height); KernelGAN needs "
            f"{smallest}x{smallest} or more; leave it out"
        )
    training = (PublishedKernelGan if published else KernelGan)(image * 2 - 1, settings, seed)
    for iteration in range(1, settings.iterations + 1):
        training.step(iteration)
    kernel: NDArray[np.float64] = training.generator.kernel().detach().double().cpu().numpy()
    return kernel
