"""Reading inputs while others are upscaled."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, BinaryIO

import attrs
from numpy.typing import NDArray

from srcore.images import ImageHeader, Origin, decode_open, header_of
from srcore.upscaling.background import in_background
from srcore.upscaling.inputs import InputImage

_Opening = Callable[[], AbstractContextManager[BinaryIO]]

#: Two images are in memory at the same time only if they have no more pixels together.
_READ_AHEAD_PIXELS = 60_000_000


@attrs.frozen
class Input:
    """An image that was read.

    Attributes:
        image: its pixels; of several pictures the first.
        header: what it says of them.
        origin: what it is known by.
    """

    image: NDArray[Any]
    header: ImageHeader
    origin: Origin


class _Entered(AbstractContextManager[BinaryIO]):
    """An input that is open already.

    Args:
        source: the input.
    """

    def __init__(self, source: InputImage) -> None:
        self._stack = contextlib.ExitStack()
        self._file = self._stack.enter_context(source.opened())

    def __enter__(self) -> BinaryIO:
        return self._file

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()


class _Turn:
    """An input on its way: opened, then decoded.

    Args:
        source: the input.
        opened: opens it.
    """

    def __init__(self, source: InputImage, opened: _Opening) -> None:
        self._source = source
        self._opened = opened
        self._stack = contextlib.ExitStack()
        self._file: BinaryIO | None = None
        self.pixels = 0

    def read(self) -> Input:
        """Decode it."""
        with self._stack:
            header, file = self._begin()
            image = decode_open(file, str(self._source))
            return Input(image, header, Origin.of_open(file, self._source.path.name))

    def read_beside(self, other: _Turn) -> Input | None:
        """Decode it if memory should hold both; None: at its turn."""
        self._begin()
        return self.read() if self.pixels + other.pixels <= _READ_AHEAD_PIXELS else None

    def close(self) -> None:
        """End it, whether it was decoded or not."""
        self._stack.close()

    def _begin(self) -> tuple[ImageHeader, BinaryIO]:
        if self._file is None:
            self._file = self._stack.enter_context(self._opened())
        header = header_of(self._file, str(self._source))[1]
        self.pixels = header.height * header.width
        return header, self._file


def inputs_in_turn(sources: Sequence[InputImage]) -> Generator[Callable[[], Input], None, None]:
    """Of every input what gives it; to be called before the next one is asked for.

    The next one is read meanwhile, if both are not too large; those that are far are fetched some
    turns ahead.
    """
    with contextlib.closing(_openings(sources)) as openings, ThreadPoolExecutor(1) as reader:
        turns = map(_Turn, sources, openings)
        turn, following, begun = next(turns, None), None, None
        try:
            while turn is not None:
                current = begun or reader.submit(turn.read)
                following = next(turns, None)
                begun = following and reader.submit(following.read_beside, turn)
                yield partial(_read_in_turn, current, turn)
                turn.close()
                turn = following
        finally:
            reader.shutdown()
            for left in filter(None, (turn, following)):
                left.close()


def _read_in_turn(begun: Future[Any], turn: _Turn) -> Input:
    return begun.result() or turn.read()


def _openings(sources: Sequence[InputImage]) -> Generator[_Opening, None, None]:
    """What opens each; those that are far are opened in the background."""
    far = (source for source in sources if source.is_far)
    with contextlib.closing(in_background(_Entered, far, discard=_Entered.close)) as fetched:
        for source in sources:
            yield next(fetched).result if source.is_far else source.opened
