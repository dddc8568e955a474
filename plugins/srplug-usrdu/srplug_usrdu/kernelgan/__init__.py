"""KernelGAN: the blur kernel of a single image (Bell-Kligler et al., NeurIPS 2019, 1909.06581).

A linear generator halves crops of the image so that a discriminator cannot tell them from the
image's own patches; its convolutions, multiplied out, are the kernel. There are two variants:
``published`` computes what the published program does, ``paper`` follows the paper and the places
that it leaves open were chosen here (:mod:`srplug_usrdu.kernelgan.training`).
"""

from srplug_usrdu.kernelgan.estimation import estimate_kernel
from srplug_usrdu.kernelgan.training import KernelGanSettings

__all__ = ["KernelGanSettings", "estimate_kernel"]
