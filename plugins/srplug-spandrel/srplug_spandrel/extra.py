"""Networks of ``spandrel_extra_arches``, whose licenses forbid some uses: there if it is installed.

It is no dependency. Their options are generated and committed as the others are.
"""

from __future__ import annotations

import functools
import importlib
import logging
import warnings
from importlib.util import find_spec
from typing import Any

from srplug_spandrel.alignment import levels, windows
from srplug_spandrel.architecture import Architecture
from srplug_spandrel.catalog import ARCHITECTURES

PACKAGE = "spandrel_extra_arches"
_ACADEMIC = "Academic Public License: non-commercial"

logger = logging.getLogger("srcore")

_ALL = (
    Architecture(
        name="m3snet",
        id="M3SNet",
        package=PACKAGE,
        target="M3SNet.__arch.M3SNet:M3SNet",
        title="M3SNet",
        paper="Gao et al. 2023, arXiv 2305.05504",
        license=_ACADEMIC,
        channels=("img_channel",),
        multiple=16,
        aligned=levels("enc_blk_nums"),
        same_length=("enc_blk_nums", "dec_blk_nums"),
    ),
    Architecture(
        name="mirnet2",
        id="MIRNet2",
        package=PACKAGE,
        target="MIRNet2.__arch.mirnet_v2_arch:MIRNet_v2",
        title="MIRNet-v2",
        paper="Zamir et al. 2022, arXiv 2205.01649",
        license=_ACADEMIC,
        channels=("inp_channels", "out_channels"),
        hidden=("task",),
        renamed={"num_blocks": "n_MRB"},
        multiple=4,
    ),
    Architecture(
        name="mprnet",
        id="MPRNet",
        package=PACKAGE,
        target="MPRNet.__arch.MPRNet:MPRNet",
        title="MPRNet",
        paper="Zamir et al. 2021, arXiv 2102.02808",
        license=_ACADEMIC,
        fixed={"in_c": 3, "out_c": 3},  # a layer between its stages makes three
        multiple=8,
    ),
    Architecture(
        name="restormer",
        id="Restormer",
        package=PACKAGE,
        target="Restormer.__arch.restormer_arch:Restormer",
        title="Restormer",
        paper="Zamir et al. 2022, arXiv 2111.09881",
        license=_ACADEMIC,
        channels=("inp_channels", "out_channels"),
        fixed={"dual_pixel_task": False},
        multiple=8,
        same_length=("num_blocks", "heads"),
        blocks=("*coder_level*", "latent", "refinement"),
    ),
    Architecture(
        name="srformer",
        id="SRFormer",
        package=PACKAGE,
        target="SRFormer.__arch.SRFormer:SRFormer",
        title="SRFormer",
        paper="Zhou et al. 2023, arXiv 2303.09735",
        license="CC BY-NC 4.0: non-commercial",
        scale="upscale",
        channels=("in_chans",),
        hidden=(
            "norm_layer",
            "use_checkpoint",
            "img_size",
            "patch_size",
            "ape",
        ),
        minimum=16,
        aligned=windows("window_size"),
        same_length=("depths", "num_heads"),
        heads=("embed_dim", "num_heads"),
        blocks=("layers.*.residual_group.blocks",),
    ),
)

EXTRA: dict[str, Architecture] = {entry.name: entry for entry in _ALL}
#: Every network that may be there, by the name of its component.
KNOWN: dict[str, Architecture] = {**ARCHITECTURES, **EXTRA}

#: What the package has beside these, and why it is no network here.
ABSENT = {
    "AdaCode": "is trained in stages, with codebooks",
    "CodeFormer": "restores faces",
    "DDColor": "colors gray images",
    "FeMaSR": "is trained in stages, with codebooks",
    "MAT": "fills holes",
}


def is_installed() -> bool:
    """Whether the package is there; it is not imported."""
    return find_spec(PACKAGE) is not None


def available() -> dict[str, Architecture]:
    """Networks that can be built here."""
    return KNOWN if is_installed() else ARCHITECTURES


def registry() -> Any:
    """Spandrel's registry of architectures, with those of the package if it is installed."""
    from spandrel import MAIN_REGISTRY

    if is_installed():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it was written for
            package = importlib.import_module(PACKAGE)
        package.install(ignore_duplicates=True)
    return MAIN_REGISTRY


def tell_license(architecture: Architecture) -> None:
    """Say once in a program under which license the code of such a network stands."""
    if architecture.package == PACKAGE:
        _tell(architecture)


@functools.cache
def _tell(architecture: Architecture) -> None:
    logger.warning(
        "%s: its code, in %s, stands under a license of its own: %s",
        architecture.component,
        PACKAGE,
        architecture.license,
    )
