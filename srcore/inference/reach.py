"""How far into a tile a network feels that the image was cut off there.

The receptive field of a deep network is far wider than what it uses: the influence of a pixel
falls with every pixel of distance. What counts for tiles is where it falls below a gray level, and
that is measured, on a test image that is harder than photographs are: 3 to 13 pixels for networks
that were trained for PSNR or are small, about 50 for a deep one that was trained with a
discriminator.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import attrs
import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference.beside import beside
from srcore.machine.devices import device_of

#: Distances in low-resolution pixels at which it is looked for, one after the other.
DISTANCES = (16, 32, 64, 128)
#: What is felt up to this part of a distance might be felt beyond it, too.
_CONVERGED = 0.8
_HEIGHT = 32
_LEVELS = 255
_FELT = 0.5


@attrs.frozen
class Reach:
    """How far a network feels a cut.

    Attributes:
        pixels: low-resolution pixels beyond which a cut changes nothing by half a gray level.
        beyond: gray levels by which it still does at the longest distance that was looked at; 0 if
            that is less than one.
    """

    pixels: int
    beyond: float = 0.0


_known: WeakKeyDictionary[nn.Module, tuple[int, Reach]] = WeakKeyDictionary()


@torch.inference_mode()
def measure_reach(network: nn.Module) -> Reach:
    """How far a network feels a cut; measured once for the same weights.

    The network runs on striped pixels twice, whole and cut in half; how far from the cut the two
    still differ by more than half a gray level is its reach: the result is another one than the
    user's, and rounding adds to it. Distances grow until that is well inside.

    Args:
        network: generator in evaluation mode, see :class:`srcore.contracts.Network`.
    """
    changes = sum(0 if p.is_inference() else p._version for p in network.parameters())
    known = _known.get(network)
    if known is None or known[0] != changes:
        known = _known[network] = changes, _measured_reach(network)
    return known[1]


def _measured_reach(network: nn.Module) -> Reach:
    difference = torch.zeros(1)
    for distance in DISTANCES:
        change = _felt_at(network, distance)
        if change is None:  # running the image says what is wrong
            return Reach(DISTANCES[0])
        difference = change
        felt = (~(difference <= _FELT)).nonzero()  # what is not a number counts as different
        reach = int(felt.max()) + 1 if len(felt) else 0
        if reach <= _CONVERGED * distance:
            return Reach(reach)
    return Reach(DISTANCES[-1], float(difference[int(_CONVERGED * DISTANCES[-1]) :].max()))


def _felt_at(network: nn.Module, distance: int) -> Tensor | None:
    """Largest change in gray levels by distance from the cut; None: the output has another size."""
    scale, multiple = int(network.scale), int(capability("network", network, "tile_multiple"))  # type: ignore[arg-type]  # ints by the contract
    half = -(-distance // multiple) * multiple
    channels = int(capability("network", network, "in_channels"))
    image = _stripes(channels, _HEIGHT, 2 * half).to(device_of(network))
    extra = beside(network, image, seed=0)
    left = extra.window((_HEIGHT, 2 * half), slice(0, _HEIGHT), slice(0, half))
    whole = network(image, **extra.keywords)
    cut = network(image[..., :half], **left.keywords)
    if cut.shape[-1] != scale * half or whole.shape[-1] != 2 * cut.shape[-1]:
        return None
    # An image shows what is in [0, 1].
    whole, cut = (image.float().clamp(0, 1) for image in (whole[..., : scale * half], cut))
    by_column = _LEVELS * (whole - cut).abs().amax((0, 1, 2))
    felt: Tensor = by_column.reshape(half, scale).amax(1).flip(0)
    return felt


def _stripes(channels: int, height: int, width: int) -> Tensor:
    """Slanted stripes of high contrast, shifted between the colors: ``(1, C, height, width)``.

    The right half is brighter, so that a network that looks at the whole image feels its loss.
    """
    rows, columns = torch.meshgrid(
        torch.arange(height, dtype=torch.float32),
        torch.arange(width, dtype=torch.float32),
        indexing="ij",
    )
    shifts = torch.arange(channels, dtype=torch.float32)[:, None, None]
    stripes = ((torch.sin(0.8 * columns + 0.3 * rows + shifts) > 0) * 0.8 + 0.1)[None]
    brighter = (1 + stripes) / 2
    return torch.where(columns < width // 2, stripes, brighter)
