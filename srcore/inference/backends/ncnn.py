"""ncnn on the processor: the fastest for deep networks of convolutions."""

from srcore.inference.backends.of_format import FormatBackend


class Ncnn(FormatBackend):
    """Runs what ``srcore convert --to ncnn`` writes.

    >>> import numpy as np, srcore
    >>> network = srcore.build("network", "edsr", scale=2, num_features=4, num_blocks=1)
    >>> image = np.zeros((16, 16, 3), np.uint8)
    >>> srcore.upscale(network, image, backend="ncnn").shape
    (32, 32, 3)
    """

    form = "ncnn"
    memory = 3.7
