"""Tables of GRL's windows in its files, by whose shapes spandrel knows windows and anchors.

Its class makes them anew for every size of images and keeps them out of its state; the files of its
authors have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from torch import Tensor

#: What spandrel looks at.
_SHOWN = ("table_w", "table_sh", "index_sh_a2w")
_SIDE = 64  # of an image: masks depend on it, which are not written


def add_window_tables(state: Mapping[str, Tensor], options: Mapping[str, Any]) -> dict[str, Tensor]:
    """The file of a GRL with these options."""
    from spandrel.architectures.GRL import GRL

    side = options["window_size"]
    like: Any = SimpleNamespace(
        window_size=(side, side),
        shift_size=[side // 2] * 2,
        stripe_size=list(options["stripe_size"]),
        stripe_groups=[None, None],
        anchor_window_down_factor=options["anchor_window_down_factor"],
        pretrained_window_size=[0, 0],
        pretrained_stripe_size=[0, 0],
    )
    tables = GRL.set_table_index_mask(like, (_SIDE, _SIDE))
    return {**state, **{name: tables[name].contiguous() for name in _SHOWN}}


def without_tables(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a file of GRL, under the names of its class."""
    from spandrel.architectures import GRL

    cleaned = GRL._clean_up_checkpoint(dict(state))
    return {
        name: value for name, value in cleaned.items() if name not in GRL._NON_PERSISTENT_BUFFERS
    }
