"""Dataset ``concat``: several data sets as one, such as DIV2K and Flickr2K (DF2K)."""

from __future__ import annotations

import bisect
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from srcore.capabilities import capability
from srcore.data.batching import EXTRAS
from srcore.datasets.options import ConcatOptions
from srcore.options import Selected
from srcore.options.declaration import defaults
from srcore.plugin.calling import call
from srcore.samplers.ordering import checked_order

if TYPE_CHECKING:
    from srcore.contracts import Dataset, Sample

_DEFAULT = defaults(ConcatOptions)


class Concat:
    """Data sets one after another.

        [data.train]
        type = "concat"
        weights = [1, 3]  # three images of the second for one of the first

        [[data.train.datasets]]
        type = "hr_folder"
        hr = "DIV2K/HR"
        hr_patch_size = 128

        [[data.train.datasets]]
        type = "hr_folder"
        hr = "Flickr2K/HR"
        hr_patch_size = 128

    Images of one name are told apart by the number of their data set.

    >>> import pathlib, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> part = {"type": "hr_folder", "hr": folder / "hr"}
    >>> dataset = srcore.build("dataset", "concat", scale=4, datasets=[part, part])
    >>> len(dataset), dataset.name(3)
    (4, '1/01')
    """

    def __init__(
        self,
        *,
        scale: int,
        datasets: tuple[Selected, ...],
        weights: tuple[float, ...] | None = _DEFAULT.weights,
    ) -> None:
        self._parts: list[Dataset] = [selected.build(scale=scale) for selected in datasets]
        self._ends = list(accumulate(len(part) for part in self._parts))
        self._weights = weights
        names = Counter(part.name(i) for part in self._parts for i in range(len(part)))
        self._doubled = {name for name, count in names.items() if count > 1}

    def __len__(self) -> int:
        return self._ends[-1]

    def name(self, index: int) -> str:
        """Name of the image in its data set, behind the data set's number where several have it."""
        number, inside = self._place(index)
        name = self._parts[number].name(inside)
        return f"{number}/{name}" if name in self._doubled else name

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """Read one image's sample."""
        number, inside = self._place(index)
        sample: dict[str, Any] = dict(self._parts[number].sample(inside, generator))
        sample[EXTRAS] = {**sample.get(EXTRAS, {}), "dataset": number}
        return sample

    def order(self, epoch: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """Every image once, or as many ``(M,)``, the share of each data set by its weight.

        Without weights a data set with an order of its own, as one of shards, keeps it; the others
        are mixed in between. With weights a data set's images come equally often, and none a second
        time before all have come once.
        """
        if self._weights is None:
            return self._merged(epoch, generator)
        share = np.asarray(self._weights) / sum(self._weights)
        counts = generator.multinomial(len(self), share)
        drawn = [
            start + _rounds(len(part), int(count), generator)
            for part, start, count in zip(self._parts, [0, *self._ends], counts, strict=False)
        ]
        return generator.permutation(np.concatenate(drawn))

    def _merged(self, epoch: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """A permutation in which the images of a data set keep its own order, if it has one."""
        has_order = [capability("dataset", it, "order") is not None for it in self._parts]
        if not any(has_order):
            return generator.permutation(len(self))
        starts, orders = [0, *self._ends[:-1]], []
        for part, start, has_own in zip(self._parts, starts, has_order, strict=True):
            if has_own:
                order = call("sampler", part, epoch, generator, method="order")
                order = checked_order(order, len(part), part)
            else:
                order = generator.permutation(len(part))
            orders.append(start + order)
        turns = np.repeat(np.arange(len(orders)), [len(order) for order in orders])
        turns = generator.permutation(turns)
        merged = np.empty(len(turns), np.int64)
        for number, order in enumerate(orders):
            merged[turns == number] = order
        return merged

    def _place(self, index: int) -> tuple[int, int]:
        number = bisect.bisect_right(self._ends, index)
        return number, index - (self._ends[number - 1] if number else 0)


def _rounds(length: int, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """``count`` numbers below ``length``, each as often as the others, give or take one."""
    whole = np.tile(np.arange(length), count // length)
    return np.concatenate([whole, generator.permutation(length)[: count % length]])
