"""Running recorded operations over an image from top to bottom, some rows at a time.

Every step computes the rows that its sources allow, once, and of its own result keeps what later
rows of its users need: of a convolution of 3x3 the last two rows, of a skip connection as many as
what it goes round is behind. Beyond the edges of the image every convolution sees its zeros, so the
result is that of the whole image. What is in memory grows with the width, not with the height.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.recording.recording import Recording, Step

#: Rows of the image from one on and before another: ``(N, C, rows, W)``.
ReadRows = Callable[[int, int], Tensor]


class _KeptRows:
    """Rows of one step's result that are still needed."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.first = self.done = 0
        self.kept: Tensor | None = None

    def append(self, rows: Tensor) -> None:
        self.done += rows.shape[-2]
        self.kept = rows if self.kept is None else torch.cat((self.kept, rows), -2)

    def window(self, start: int, stop: int) -> Tensor:
        assert self.kept is not None
        return self.kept[..., start - self.first : stop - self.first, :]

    def forget_before(self, row: int) -> None:
        if row > self.first and self.kept is not None:
            # A copy, so that what it was cut from can go.
            self.kept = self.window(row, self.done).clone() if row < self.done else None
        self.first = max(row, self.first)


class Stream:
    """One image on its way through a network.

    Args:
        recording: the network.
        height: of the image.
        band: rows of the image that are taken at a time; every rate of the recording makes whole
            rows of it, as of the height.
    """

    def __init__(self, recording: Recording, height: int, band: int) -> None:
        self.recording = recording
        self.band = band
        self._given = 0
        self.rows = [_KeptRows(int(step.rate * height)) for step in recording.steps]

    @property
    def is_done(self) -> bool:
        """Whether all rows of the result were given."""
        return self._given == self.rows[self.recording.output].total

    def advance(self, read: ReadRows) -> Tensor | None:
        """Take one more band and compute what it allows.

        Returns:
            The next rows of the result, ``(N, C, rows, W)``; None if there are none yet.
        """
        image, result = self.rows[0], self.rows[self.recording.output]
        if image.done < image.total:
            image.append(read(image.done, min(image.done + self.band, image.total)))
        for number in range(1, len(self.rows)):
            self._advance(number)
        if result.done == self._given:
            return None
        made = result.window(self._given, result.done)
        self._given = result.done
        result.forget_before(self._needed(self.recording.output))
        return made

    @property
    def share(self) -> float:
        """How much of the work is done, 0 to 1."""
        pairs = list(zip(self.recording.steps, self.rows, strict=True))
        done = sum(step.work * rows.done / rows.total for step, rows in pairs)
        return done / sum(step.work for step, _ in pairs)

    def _advance(self, number: int) -> None:
        """Compute what the sources allow, but no more than a band."""
        step, rows = self.recording.steps[number], self.rows[number]
        stop = min(rows.done + int(self.band * step.rate), self._possible(step))
        if stop == rows.done:
            return
        if number in self.recording.copied:
            rows.done = stop
        else:
            rows.append(self._computed(step, rows.done, stop))
            self._forget(number)
            for source in step.sources:
                self._forget(source)

    def _possible(self, step: Step) -> int:
        """How many rows of a step the sources allow."""
        operation = step.operation
        seen = [
            source.total if source.done == source.total else source.done - operation.after
            for source in (self.rows[number] for number in step.sources)
        ]
        return floor(max(0, min(seen)) * operation.rate)

    def _window(self, number: int, start: int, stop: int) -> Tensor:
        if number in self.recording.copied:
            return self._computed(self.recording.steps[number], start, stop)
        return self.rows[number].window(start, stop)

    def _computed(self, step: Step, start: int, stop: int) -> Tensor:
        operation = step.operation
        top = floor(start / operation.rate) - operation.before
        bottom = ceil(stop / operation.rate) + operation.after
        first, last = max(top, 0), min(bottom, self.rows[step.sources[0]].total)
        windows = [self._window(source, first, last) for source in step.sources]
        if operation.pads and (first, last) != (top, bottom):
            windows = [F.pad(window, (0, 0, first - top, bottom - last)) for window in windows]
        if step.is_in_place and not self._is_its_own(step):
            windows = [window.clone() for window in windows]
        made = operation.call(*windows)
        above = 0 if operation.pads else start - int(first * operation.rate)
        return made[..., above : above + stop - start, :]

    def _is_its_own(self, step: Step) -> bool:
        """Whether a step may write over its source: a convolution's result that only it takes."""
        source, recording = step.sources[0], self.recording
        return recording.steps[source].operation.pads and len(recording.users[source]) == 1

    def _forget(self, number: int) -> None:
        """Free what nobody needs any more of a step's result."""
        self.rows[number].forget_before(self._needed(number))
        if number in self.recording.copied:
            for source in self.recording.steps[number].sources:
                self._forget(source)

    def _needed(self, number: int) -> int:
        """The first row of a result that is still needed."""
        needed = [self.rows[number].done]
        if number == self.recording.output:
            needed.append(self._given)
        for user in self.recording.users[number]:
            operation, rows = self.recording.steps[user].operation, self.rows[user]
            row = rows.first if user in self.recording.copied else rows.done
            needed.append(floor(row / operation.rate) - operation.before)
        return max(0, min(needed))
