"""Sides of low-resolution patches that the authors of a network trained it on, and who says so.

Written down from memory, without papers and option files at hand: what is not remembered says so,
and is measured on 64 pixels, which most networks that enlarge are trained on.
"""

from __future__ import annotations

from typing import NamedTuple

PAPER, SHARED = "paper", "paper, as Real-ESRGAN"
UNKNOWN = "not known"


class Patch(NamedTuple):
    """A side of patches.

    Attributes:
        side: pixels, published; 64 where that is not known.
        source: who says so.
        measured: pixels, of what is measured where the published size needs too much memory.
    """

    side: int = 64
    source: str = UNKNOWN
    measured: int | None = None


#: By the name of the network; the largest of several stages is left out where they grow.
PATCHES = {
    "atd": Patch(64, "paper, before fine-tuning on 96"),
    "compact": Patch(64, SHARED),
    "craft": Patch(64, PAPER),
    "dat": Patch(64, PAPER),
    "dctlsa": Patch(),
    "ditn": Patch(),
    "dncnn": Patch(40, "paper, of one noise level"),
    "drct": Patch(64, PAPER),
    "drunet": Patch(128, PAPER),
    "edsr": Patch(48, PAPER),
    "fbcnn": Patch(96, PAPER),
    "fdat": Patch(),
    "fftformer": Patch(256, PAPER, 128),
    "grl": Patch(64, "paper; it continues 32 to 64 itself", 32),
    "hat": Patch(64, PAPER),
    "hvicidnet": Patch(256, "paper, LOL-v2"),
    "kbnet_l": Patch(128, "paper, the first of growing ones"),
    "kbnet_s": Patch(256, "paper, SIDD"),
    "mixdehazenet": Patch(256, PAPER),
    "mmrealsr": Patch(64, SHARED),
    "moesr": Patch(),
    "mosr": Patch(),
    "msrresnet": Patch(24, "paper, SRResNet"),
    "nafnet": Patch(256, "paper, SIDD"),
    "omnisr": Patch(64, PAPER),
    "plksr": Patch(96, PAPER),
    "rcan": Patch(48, PAPER),
    "realcugan": Patch(),
    "realcugan_fast": Patch(),
    "realplksr": Patch(),
    "retinexformer": Patch(128, PAPER),
    "rgt": Patch(64, PAPER),
    "rrdbnet": Patch(32, PAPER),
    "safmn": Patch(64, PAPER),
    "safmn_bcie": Patch(),
    "scunet": Patch(128, PAPER),
    "seemore": Patch(64, PAPER),
    "span": Patch(64, PAPER),
    "swift_srgan": Patch(),
    "swin2sr": Patch(64, "names of its files"),
    "swinir": Patch(48, "paper and names of its files, DIV2K"),
    "uformer": Patch(128, "paper, SIDD"),
}
