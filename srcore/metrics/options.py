"""TOML keys of image quality measures; every ``[[metrics]]`` table also has ``crop_border``."""

from __future__ import annotations

import re
from typing import Literal

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class ReferenceMetricOptions:
    """PSNR and SSIM by the protocol of the field's tables."""

    y_channel: bool = option(True, "on BT.601 Y in studio range; false: on RGB")


@attrs.frozen(kw_only=True)
class NIQEOptions:
    """Natural image quality evaluator."""

    halving: Literal["matlab", "bilinear"] = option(
        "matlab",
        "second scale by MATLAB's bicubic of rounded Y; bilinear: as earlier versions of BasicSR",
    )


def _device(value: str) -> str:
    known = re.fullmatch(r"(cpu|cuda|mps|xpu)(:\d+)?", value)
    return "" if known else f'expected a device such as "cpu" or "cuda:0", found {value!r}'


@attrs.frozen(kw_only=True)
class LearnedMetricOptions:
    """Measures by pretrained networks."""

    device: str = option("cpu", "where the network runs", check=_device)
