"""TOML keys of image quality measures."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class ReferenceMetricOptions:
    """PSNR and SSIM by the protocol of the field's tables."""

    y_channel: bool = option(True, "on BT.601 Y in studio range; false: on RGB")
    crop_border: int | None = option(
        None, "pixels removed on every side; none: the scale of the experiment", ge=0
    )
