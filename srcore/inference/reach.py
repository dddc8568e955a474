"""How far into a tile a network feels that the image was cut off there.

The receptive field of a deep network is far wider than what it uses: the influence of a pixel
falls by about half with every pixel of distance. What counts for tiles is where it falls below a
grey level, and that is measured, on a test picture that is harder than photographs are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference.beside import beside
from srcore.machine.devices import device_of

#: Largest context that is looked for; also the height of the test picture.
LONGEST_REACH = 16

_ONE_LEVEL = 1 / 255


@torch.inference_mode()
def measure_reach(network: nn.Module) -> int:
    """Context in low-resolution pixels beyond which a cut changes nothing by a grey level.

    The network runs on striped pixels twice, whole and cut in half; how far from the cut the two
    still differ by more than 1/255 is its reach. That costs as much as 768 pixels of an image.

    Args:
        network: generator in evaluation mode, see :class:`srcore.contracts.Network`.

    Returns:
        0 (nothing is felt) to :data:`LONGEST_REACH` (as much as was looked for, or more).
    """
    scale, multiple = int(network.scale), int(capability("network", network, "tile_multiple"))  # type: ignore[arg-type]
    half = -(-LONGEST_REACH // multiple) * multiple
    channels = int(capability("network", network, "in_channels"))
    picture = _stripes(channels, LONGEST_REACH, 2 * half).to(device_of(network))
    extra = beside(network, picture, seed=0)
    left = extra.window((LONGEST_REACH, 2 * half), slice(0, LONGEST_REACH), slice(0, half))
    whole = network(picture, **extra.keywords)
    cut = network(picture[..., :half], **left.keywords)
    if cut.shape[-1] != scale * half or whole.shape[-1] != 2 * cut.shape[-1]:
        return LONGEST_REACH  # running the image says what is wrong
    difference = (whole[..., : scale * half].float() - cut.float()).abs().amax((0, 1, 2))
    # By distance from the cut; what is not a number counts as different.
    is_felt = ~(difference.unflatten(0, (half, scale)).amax(1).flip(0) <= _ONE_LEVEL)
    felt = is_felt.nonzero()
    return min(int(felt.max()) + 1, LONGEST_REACH) if len(felt) else 0


def _stripes(channels: int, height: int, width: int) -> Tensor:
    """Slanted stripes of high contrast, shifted between the colours: ``(1, C, height, width)``."""
    rows, columns = torch.meshgrid(
        torch.arange(height, dtype=torch.float32),
        torch.arange(width, dtype=torch.float32),
        indexing="ij",
    )
    shifts = torch.arange(channels, dtype=torch.float32)[:, None, None]
    return ((torch.sin(0.8 * columns + 0.3 * rows + shifts) > 0) * 0.8 + 0.1)[None]
