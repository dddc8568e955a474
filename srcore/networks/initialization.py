"""Initial weights that several networks share."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn


def scaled_kaiming_(layers: Iterable[nn.Conv2d | nn.Linear], factor: float = 0.1) -> None:
    """Kaiming normal (fan-in, ReLU gain) times ``factor``; biases 0.

    Small residuals at the start keep deep networks without normalization trainable (ESRGAN, Wang
    et al. 2018, sec. 3.1, uses 0.1).
    """
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, a=0, mode="fan_in")
        layer.weight.data.mul_(factor)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
