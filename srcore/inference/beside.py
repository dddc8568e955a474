"""What a network sees beside the image: fields drawn once per image, and a condition.

A sampling network must not draw for every tile: neighbors would disagree. The core draws once for
the whole image and cuts the fields as it cuts the image, so tiles make the image that the whole
image makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.errors import SrcoreError
from srcore.machine.devices import device_of
from srcore.plugin.calling import check_seen
from srcore.seeding import derive

_DRAW_STREAM = 30


@attrs.frozen(eq=False)
class Beside:
    """Keywords of a network's ``forward``.

    Attributes:
        fields: tensors ``(N, C, k*h, k*w)`` by name, for images ``(N, 3, h, w)``; k is a whole
            number of its own for each field.
        condition: what ``network.condition`` made of the whole image; None without one.
    """

    fields: dict[str, Tensor] = attrs.field(factory=dict)
    condition: Any = None

    @property
    def keywords(self) -> dict[str, Any]:
        """As ``forward`` takes them."""
        condition = {} if self.condition is None else {"condition": self.condition}
        return {**self.fields, **condition}

    def window(self, size: tuple[int, int], rows: slice, columns: slice) -> Beside:
        """For a window of images of ``size``."""
        cut: dict[str, Tensor] = {}
        for name, field in self.fields.items():
            k = field.shape[-1] // size[1]
            place = [slice(k * part.start, k * part.stop) for part in (rows, columns)]
            cut[name] = field[..., place[0], place[1]]
        return attrs.evolve(self, fields=cut)

    def images(self, start: int, stop: int) -> Beside:
        """For some images of the batch."""
        return attrs.evolve(self, fields={n: field[start:stop] for n, field in self.fields.items()})


#: Beside the image nothing.
NOTHING = Beside()


def stacked(parts: Sequence[tuple[Beside, int]]) -> Beside:
    """For a batch of windows: each (beside, how many images of it follow each other)."""
    first, _ = parts[0]
    if not first.fields:
        return first
    repeated = {
        name: torch.cat([part.fields[name].expand(count, -1, -1, -1) for part, count in parts])
        for name in first.fields
    }
    return attrs.evolve(first, fields=repeated)


def draw(network: nn.Module, size: tuple[int, int], seed: int, index: int = 0) -> dict[str, Tensor]:
    """The fields of one image, a pure function of size, seed and index; empty without ``draw``.

    Args:
        network: may define ``draw(size, generator) -> {name: tensor (C, k*h, k*w)}``; the
            generator lives on the CPU, so that every device sees the same.
        size: height and width of the low-resolution image.
        seed: seed of the experiment or command.
        index: position of the image in its set.

    Raises:
        SrcoreError: a field that does not fit the image.
    """
    if capability("network", network, "draw") is None:
        return {}
    generator = torch.Generator().manual_seed(derive(seed, _DRAW_STREAM, index))
    fields: dict[str, Tensor] = network.draw(size, generator)  # type: ignore[operator]  # it draws by the contract
    for name, field in fields.items():
        fits = field.ndim == 3 and all(
            length and length % side == 0 and length // side == field.shape[-1] // size[1]
            for length, side in zip(field.shape[1:], size, strict=True)
        )
        if not fits:
            raise SrcoreError(
                f"{type(network).__name__}: draw made {name} of shape {tuple(field.shape)} for an "
                f"image of {size[0]}x{size[1]}; expected (C, k*{size[0]}, k*{size[1]})"
            )
    return {name: field[None].to(device_of(network)) for name, field in fields.items()}


def beside(network: nn.Module, lr: Tensor, seed: int, index: int = 0) -> Beside:
    """What a network sees beside one whole image ``(1, 3, h, w)``."""
    condition = capability("network", network, "condition")
    seen = Beside(
        draw(network, (int(lr.shape[-2]), int(lr.shape[-1])), seed, index),
        condition({"lr": lr}) if condition is not None else None,
    )
    check_seen(network, seen.keywords)
    return seen
