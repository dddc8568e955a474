"""From an image to its kernel."""

from __future__ import annotations

import logging

from torch import Tensor

from srcore.errors import DataError
from srcore.seeding import derive
from srplug_usrdu.kernelgan.networks import CROP
from srplug_usrdu.kernelgan.published import SHAVED, PublishedKernelGan
from srplug_usrdu.kernelgan.training import KernelGan, KernelGanSettings
from srplug_usrdu.kernels import KernelArray

logger = logging.getLogger(__name__)

#: Trainings of one image, each from its own seed, before a collapsed kernel is taken.
ATTEMPTS = 3
#: Sums outside are of no kernel: its training fell to zero, or apart.
SMALLEST_SUM, LARGEST_SUM = 0.5, 1.5


def estimate_kernel(
    image: Tensor, settings: KernelGanSettings, *, seed: int = 0, source: str = "image"
) -> KernelArray:
    """The raw x2 kernel of an image.

    A training that collapses is begun again from a further seed. The weights begin near zero, where
    a product of layers hardly learns; with few features many seeds never leave it, and the sum of
    such a kernel stays near 0. If all fail, the last is returned and a warning names the image.

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
    smallest = CROP + 2 * SHAVED if settings.variant == "published" else CROP
    if min(image.shape[-2:]) < smallest:
        height, width = image.shape[-2:]
        raise DataError(
            f"{source}: {width}x{height} pixels (width x height); KernelGAN needs "
            f"{smallest}x{smallest} or more; leave it out"
        )
    for attempt in range(ATTEMPTS):
        kernel = _kernel_of_training(image, settings, derive(seed, attempt) if attempt else seed)
        if SMALLEST_SUM <= kernel.sum() <= LARGEST_SUM:
            return kernel
    logger.warning(
        "%s: KernelGAN found no kernel: its sum is %.3g where 1 is expected, after %d trainings of "
        "%d iterations; raise num_features (%d) or iterations, or leave the image out",
        source,
        kernel.sum(),
        ATTEMPTS,
        settings.iterations,
        settings.num_features,
    )
    return kernel


def _kernel_of_training(image: Tensor, settings: KernelGanSettings, seed: int) -> KernelArray:
    """The kernel of one training."""
    network = PublishedKernelGan if settings.variant == "published" else KernelGan
    training = network(image * 2 - 1, settings, seed)
    for iteration in range(1, settings.iterations + 1):
        training.step(iteration)
    kernel: KernelArray = training.generator.kernel().detach().double().cpu().numpy()
    return kernel
