"""All networks of spandrel that are components here, and why the others are not."""

from __future__ import annotations

from srplug_spandrel.architecture import Architecture
from srplug_spandrel.restoring import RESTORING
from srplug_spandrel.upscaling import UPSCALING

#: What spandrel has beside these, by its name, and why it is no network here.
ABSENT = {
    "AuraSR": "makes pictures from noise that it draws itself",
    "Compact": "srcore's compact",
    "ESRGAN": "srcore's rrdbnet",
    "GFPGAN": "restores faces",
    "IPT": "computes pieces of one size and puts them together image by image",
    "LaMa": "fills holes",
    "RestoreFormer": "restores faces",
    "SwinIR": "srcore's swinir",
}

_ALL = sorted((*UPSCALING, *RESTORING), key=lambda it: it.name)
#: Architectures by the name of their component.
ARCHITECTURES: dict[str, Architecture] = {entry.name: entry for entry in _ALL}
