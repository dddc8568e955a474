"""LPIPS by the name of its network."""

from __future__ import annotations

from srcore.metrics.lpips import LPIPSName, LPIPSNetwork, Weights
from srcore.metrics.lpips_alex import AlexLPIPS
from srcore.metrics.lpips_vgg import VGGLPIPS


def lpips_network(network: LPIPSName, weights: Weights) -> LPIPSNetwork:
    """``"alex"`` or ``"vgg"``, with weights as both take them."""
    return AlexLPIPS(weights) if network == "alex" else VGGLPIPS(weights)
