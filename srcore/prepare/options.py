"""Settings of preparations, which commands have as flags."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class SubImageOptions:
    """Where sub-images lie in an image."""

    crop: int = option(480, "side, HR pixels", ge=1)
    step: int = option(240, "distance, HR pixels", ge=1)
    threshold: int = option(0, "largest rest at the far edge that is left out, HR pixels", ge=0)
