"""What is to be known of a network of spandrel, and what many of them have in common.

Neither torch nor spandrel is imported here: keys come from the generated classes in
:mod:`srplug_spandrel.options`, code from spandrel when a network is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from srplug_spandrel.alignment import Rule, pixels

SCALES = (1, 2, 3, 4, 8)
POWERS = (1, 2, 4, 8)
#: Parameters that are callables, classes, or that training here does itself.
PARTS = ("norm_layer", "act_layer", "conv", "use_checkpoint", "use_chk", "fairscale_checkpoint")
TRANSFORMER: dict[str, Any] = {"hidden": (*PARTS, "img_size", "patch_size", "ape")}
LAYERS: dict[str, Any] = {
    "same_length": ("depths", "num_heads"),
    "heads": ("embed_dim", "num_heads"),
}


@attrs.frozen(kw_only=True, eq=False)  # one object is one network
class Architecture:
    """A network of spandrel as a component of srcore.

    Attributes:
        name: the component is ``spandrel_<name>``.
        id: spandrel's name of the architecture.
        target: the class, ``"module:Class"`` below ``architectures`` of the package.
        package: which has it.
        own_targets: classes of scales that have one of their own.
        title: what its authors call it.
        paper: authors, year and where it is to be read.
        scale: parameter of the class that takes the scale; empty: it has none.
        scales: at which it works.
        channels: parameters that take the number of channels; empty: RGB only.
        fixed: parameters that are not keys, with the values that they get.
        hidden: parameters that are not keys and keep their defaults.
        minimum: smallest side that it works on; smaller images are continued by mirroring.
        multiple: sides must be a multiple of it, likewise.
        square: sides must be equal.
        aligned: where tiles begin, beside multiples of that.
        blocks: where the blocks for ``checkpointing`` lie: names of lists of modules.
        same_length: keys that need equally many numbers.
        heads: (key of the channels, key of the heads): every number of heads divides them.
        deployable: branches are merged for use.
        license: of a package that restricts use, which is told; of spandrel's see ``licenses``.
        least_batch: images that one part of a batch must have: batch normalization of one value
            per image and channel wants two.
        frozen: patterns of parameters that no gradient reaches.
        renamed: keys that are called otherwise here: key -> parameter.
    """

    name: str
    id: str
    target: str
    title: str
    paper: str
    package: str = "spandrel"
    own_targets: Mapping[int, str] = attrs.field(factory=dict)
    scale: str = ""
    scales: tuple[int, ...] = attrs.field()
    channels: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = attrs.field(factory=dict)
    hidden: tuple[str, ...] = ()
    minimum: int = 1
    multiple: int = 1
    square: bool = False
    aligned: Rule = pixels(1)
    blocks: tuple[str, ...] = ()
    same_length: tuple[str, ...] = ()
    heads: tuple[str, str] | None = None
    deployable: bool = False
    license: str = ""
    least_batch: int = 1
    frozen: tuple[str, ...] = ()
    renamed: Mapping[str, str] = attrs.field(factory=dict)

    @scales.default
    def _usual_scales(self) -> tuple[int, ...]:
        return SCALES if self.scale else (1,)

    @property
    def component(self) -> str:
        """Name of the component."""
        return f"spandrel_{self.name}"


def scale_complaint(rules: Architecture, scale: int) -> str:
    """Why a network cannot work at a scale; empty if it can."""
    scales = rules.scales
    if scale in scales:
        return ""
    text = " or ".join(filter(None, (", ".join(map(str, scales[:-1])), str(scales[-1]))))
    return f"{rules.component} works at scale {text}; found scale = {scale}"
