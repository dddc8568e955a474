"""Making an image one that the output can hold, if asked; what an output cannot keep."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np

from srcore.images import ImageArray, Metadata, holding

Color = tuple[int, int, int]


@attrs.frozen(kw_only=True)
class Fitting:
    """What is done to results and their metadata before they are written.

    Attributes:
        background: what transparent images are laid on, RGB of 8 bits; None: alpha is kept.
        depth: 8 makes 16 bits 8; None keeps them.
        strip: drop color profile, EXIF data, resolution, and the mark of what it was made from.
    """

    background: Color | None = None
    depth: int | None = None
    strip: bool = False

    def apply(self, image: ImageArray) -> ImageArray:
        """Pixels ``(h, W, C)`` with other channels or another depth, as asked."""
        if self.background is not None and image.shape[-1] in (2, 4):
            image = _laid_on(image, self.background)
        if self.depth == 8 and image.dtype == np.uint16:
            image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
        return image

    def lost(self, image: ImageArray, metadata: Metadata, target: Path) -> tuple[str, ...]:
        """Names of what the result does not keep of an input ``(H, W, C)``."""
        changed = []
        if self.background is not None and image.shape[-1] in (2, 4):
            changed.append("transparency, as asked")
        if self.depth == 8 and image.dtype == np.uint16:
            changed.append("16 bits, as asked")
        channels = self.apply(image[:1, :1]).shape[-1]
        holds = holding(target.suffix.lower(), target)[1]
        if holds.colors is not None:
            changed.append(f"more than {holds.colors} colors per picture")
        if channels in (2, 4) and not holds.half_alpha:
            changed.append("partial transparency")
        if self.strip:
            return tuple(changed)
        return (*changed, *metadata.for_channels(channels).lost(holds.metadata))

    def metadata(self, metadata: Metadata) -> Metadata:
        """What is written beside the pixels."""
        return Metadata() if self.strip else metadata


def _laid_on(image: ImageArray, background: Color) -> ImageArray:
    """Without alpha; gray stays gray on a gray background."""
    full = int(np.iinfo(image.dtype).max)
    gray = image.shape[-1] == 2 and len(set(background)) == 1
    below = np.array(background[:1] if gray else background, np.float32) * (full / 255)
    alpha = image[..., -1:].astype(np.float32) / full
    mixed = image[..., :-1] * alpha + below * (1 - alpha)
    result: ImageArray = np.rint(mixed).astype(image.dtype)
    return result
