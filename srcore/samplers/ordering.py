"""Samplers: which image comes when in an epoch, as a pure function of (seed, epoch)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError, PluginError
from srcore.files.texts import decode_text
from srcore.messages import told
from srcore.plugin.calling import who

if TYPE_CHECKING:
    from srcore.contracts import Dataset

Order = NDArray[np.int64]


class Shuffled:
    """Every image once, in a new random order every epoch: ``type = "shuffled"``, the default.

    >>> import numpy as np
    >>> sampler = Shuffled(dataset="abc")
    >>> sorted(sampler.order(1, np.random.default_rng(1)).tolist())
    [0, 1, 2]
    """

    def __init__(self, *, dataset: Dataset) -> None:
        self._length = len(dataset)

    def order(self, epoch: int, generator: np.random.Generator) -> Order:
        """A permutation."""
        return generator.permutation(self._length)


class InOrder:
    """Every image once, in the order of the data set: ``type = "in_order"``.

    >>> import numpy as np
    >>> InOrder(dataset="abc").order(1, np.random.default_rng(1)).tolist()
    [0, 1, 2]
    """

    def __init__(self, *, dataset: Dataset) -> None:
        self._length = len(dataset)

    def order(self, epoch: int, generator: np.random.Generator) -> Order:
        """0, 1, 2, ..."""
        return np.arange(self._length)


class Weighted:
    """As many images as there are, each drawn by its weight: ``type = "weighted"``.

    Args:
        dataset: names the images.
        file: see :class:`srcore.samplers.options.WeightedOptions`.

    Raises:
        DataError: a line without weight, a name that the data set does not have, no weight > 0.

    >>> import pathlib, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> _ = (folder / "weights.txt").write_text("00 0.0")
    >>> dataset = srcore.build("dataset", "lr_folder", scale=1, lr=folder / "hr")
    >>> Weighted(dataset=dataset, file=folder / "weights.txt").order(1, np.random.default_rng(1))
    array([1, 1])
    """

    def __init__(self, *, dataset: Dataset, file: Path) -> None:
        numbers = {dataset.name(index): index for index in range(len(dataset))}
        weights = np.ones(len(dataset))
        for line, text in enumerate(decode_text(file.read_bytes()).splitlines(), start=1):
            if text.strip():
                name, _, value = text.strip().rpartition(" ")
                weights[_image_number(numbers, name.strip(), f"{file}:{line}")] = _weight(
                    value, f"{file}:{line}"
                )
        if not weights.sum() > 0:
            raise DataError(f"{file}: expected a weight above 0, found none")
        self._share = weights / weights.sum()

    def order(self, epoch: int, generator: np.random.Generator) -> Order:
        """Numbers drawn with replacement."""
        return generator.choice(len(self._share), len(self._share), p=self._share)


def _image_number(numbers: dict[str, int], name: str, where: str) -> int:
    if name not in numbers:
        raise DataError(f'{where}: the data set has no image "{name}"; expected: name weight')
    return numbers[name]


def _weight(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise DataError(f'{where}: expected a weight >= 0 behind the name, found "{text}"')
    return value


def checked_order(order: Any, length: int, sampler: object) -> Order:
    """The order that a sampler gave, if it is one.

    Raises:
        PluginError: no whole numbers, none at all, or numbers of no image; names the sampler.
    """
    numbers = np.asarray(order)
    if numbers.ndim != 1 or not len(numbers) or not np.issubdtype(numbers.dtype, np.integer):
        raise PluginError(
            f"{who('sampler', sampler)} returned {told(order)}; expected the numbers of an epoch's "
            "images, one after another"
        )
    if int(numbers.min()) < 0 or int(numbers.max()) >= length:
        raise PluginError(
            f"{who('sampler', sampler)} returned numbers from {int(numbers.min())} to "
            f"{int(numbers.max())}; expected those of the images, 0 to {length - 1}"
        )
    return numbers.astype(np.int64, copy=False)
