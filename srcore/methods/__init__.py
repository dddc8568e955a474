"""Methods: what one training iteration does. These are the names that plugins derive from.

Names are imported when first used: checking an experiment imports neither torch nor decoders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.lazy import importer

if TYPE_CHECKING:
    from srcore.methods.adversary import Adversary
    from srcore.methods.base import Method
    from srcore.methods.gan import Gan
    from srcore.methods.options import GanOptions, SupervisedOptions
    from srcore.methods.supervised import Supervised

_HOMES = {
    "Adversary": "srcore.methods.adversary",
    "Gan": "srcore.methods.gan",
    "GanOptions": "srcore.methods.options",
    "Method": "srcore.methods.base",
    "Supervised": "srcore.methods.supervised",
    "SupervisedOptions": "srcore.methods.options",
}

__all__ = [
    "Adversary",
    "Gan",
    "GanOptions",
    "Method",
    "Supervised",
    "SupervisedOptions",
]

__getattr__ = importer(__name__, _HOMES)
