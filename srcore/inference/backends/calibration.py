"""Parts of images as a network takes them: of the user's image, and of those that scale int8."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.images import list_images, read_image
from srcore.inference import channels
from srcore.inference.border import Continued
from srcore.inference.tiling import Span
from srcore.machine.devices import device_of

#: Side of the parts by which int8 is scaled, in low-resolution pixels.
_CALIBRATED = 96
#: So many images of a folder are enough: each says something of thousands of pixels.
_IMAGES = 12


def calibration_images(network: nn.Module, folder: Path) -> tuple[Tensor, ...]:
    """Parts of images of a folder, evenly chosen, as the network takes them.

    Every part is ``(1, C, H, W)`` in [0, 1].

    Raises:
        DataError: no folder, or an image that cannot be read.
    """
    paths = list_images(folder)
    return tuple(
        middle_part(network, Continued(channels.shown_to(network, read_image(path))), _CALIBRATED)
        for path in paths[:: max(1, -(-len(paths) // _IMAGES))]
    )


def middle_part(network: nn.Module, image: Continued, side: int) -> Tensor:
    """The middle of an image, of sides that the network takes as they are: ``(1, C, h, w)``."""
    multiple = int(capability("network", network, "tile_multiple"))
    rows, columns = (_middle_span(length, side, multiple) for length in (image.height, image.width))
    seen = int(capability("network", network, "in_channels"))
    return channels.split_channels(image.window(rows, columns), device_of(network), seen)[:1]


def _middle_span(length: int, side: int, multiple: int) -> Span:
    taken = min(length, -(-side // multiple) * multiple)
    start = (length - taken) // 2
    return Span(start, start + taken)
