"""Measuring many images by several processes.

What other processes can do is theirs: reading, interpolation, metrics that compute with NumPy.
Networks stay where they are, in this process, on its device and with its threads. Every value is
therefore computed in the same way by any number of processes, and is the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import attrs

from srcore.capabilities import capability
from srcore.errors import DataError
from srcore.evaluation.measure import Measure, Measured, measure_image
from srcore.images import PictureArray
from srcore.machine.process_pool import ProcessPool

#: What was measured of an image, by contender.
ByContender = dict[str, Measured]
#: ``lr`` ``(h, w, C)`` -> ``(H, W, 3)``.
UpscalePicture = Callable[[PictureArray], PictureArray]


@attrs.frozen
class ImagePictures:
    """Pictures of one image.

    Attributes:
        image: its name.
        lr: ``(h, w, C)``, if there is one.
        hr: the truth ``(H, W, 3)``, if there is one.
        sr: by contender.
    """

    image: str
    lr: PictureArray | None
    hr: PictureArray | None
    sr: dict[str, PictureArray]


class PictureReader(Protocol):
    """Images that are measured, for any process."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def name(self, index: int) -> str:
        """Of an image."""
        ...

    def files(self, index: int) -> Sequence[Path]:
        """Those that :meth:`read` reads."""
        ...

    def read(self, index: int) -> ImagePictures:
        """The pictures of an image, without those that networks make.

        Raises:
            DataError: it cannot be measured.
        """
        ...


class Onlooker(Protocol):
    """Sees the pictures of every image, in any process."""

    def __call__(self, pictures: ImagePictures) -> None:
        """Called when an image was measured."""
        ...

    def is_written(self, image: str) -> bool:
        """Whether what is written of an image, by its name, is there."""
        ...


@attrs.frozen(kw_only=True)
class Measuring:
    """What is done with every image of a set.

    Attributes:
        reader: of the images.
        contenders: names, in the order of tables.
        measures: metrics.
        border: pixels cropped on every side.
        look: sees the pictures of every image.
    """

    reader: PictureReader
    contenders: Sequence[str]
    measures: Sequence[Measure]
    border: int
    look: Onlooker | None = None

    def of_each(
        self, numbers: Sequence[int], networks: Mapping[str, UpscalePicture], processes: int
    ) -> Generator[ByContender | DataError, None, None]:
        """What was measured of some images, or why an image cannot be.

        Args:
            numbers: of the images.
            networks: contender -> what makes its picture from ``lr``, in this process.
            processes: that read and measure; 1: this one does all.
        """
        here = [it for it in self.measures if not _is_portable(it)]
        everywhere = attrs.evolve(self, measures=[it for it in self.measures if _is_portable(it)])
        with ProcessPool(min(processes, len(numbers)), everywhere) as pool:
            if not here and not networks:
                yield from pool.each(_read_and_measured, numbers)
                return

            def computed(
                pictures: ImagePictures | DataError,
            ) -> tuple[ImagePictures | DataError, ByContender]:
                if isinstance(pictures, DataError):
                    return pictures, {}
                for name, upscale in networks.items():
                    assert pictures.lr is not None  # only pictures as they are have none
                    pictures.sr[name] = upscale(pictures.lr)
                return pictures, attrs.evolve(self, measures=here).measured(pictures)

            read = pool.each(_read_or_fault, numbers)
            yield from pool.each(_measured, map(computed, read))

    def measured(self, pictures: ImagePictures) -> ByContender:
        """What the metrics say of the pictures of all contenders."""
        return {
            name: measure_image(pictures.sr[name], pictures.hr, self.measures, self.border)
            for name in self.contenders
        }


#: The pictures, or why there are none, and what was measured in the process of the networks.
_Begun = tuple[ImagePictures | DataError, ByContender]


def _is_portable(measure: Measure) -> bool:
    return bool(capability("metric", measure.metric, "portable"))


def _read_or_fault(measuring: Measuring, number: int) -> ImagePictures | DataError:
    try:
        return measuring.reader.read(number)
    except DataError as error:
        return error


def _measured(measuring: Measuring, begun: _Begun) -> ByContender | DataError:
    pictures, known = begun
    if isinstance(pictures, DataError):
        return pictures
    measured = measuring.measured(pictures)
    if measuring.look is not None:
        measuring.look(pictures)
    return {name: it.joined(known[name]) if known else it for name, it in measured.items()}


def _read_and_measured(measuring: Measuring, number: int) -> ByContender | DataError:
    return _measured(measuring, (_read_or_fault(measuring, number), {}))
