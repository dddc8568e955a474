"""How thoroughly and how visibly the block at work scans."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import attrs

T = TypeVar("T")
#: Seconds: a large set does not change between the check of a run and its first iteration.
_BELIEVED = 300
_WORTH_REMEMBERING = 2_000
#: Called with the number of images that were read since.
Advance = Callable[[int], object]


def _without_progress(total: int) -> AbstractContextManager[Advance]:
    return nullcontext(lambda count: None)


@attrs.define
class ScanPolicy:
    """How a block scans.

    Attributes:
        sample: of a folder with more unread images so many are read, evenly; None: all.
        progress: opens what shows the progress of so many headers.
        notes: what was left out, a line by folder, for the one who asked.
    """

    sample: int | None = None
    progress: Callable[[int], AbstractContextManager[Advance]] = _without_progress
    notes: dict[Path, str] = attrs.field(factory=dict)
    _answers: dict[Hashable, tuple[float, Any]] = attrs.field(factory=dict, init=False, repr=False)

    def remembered(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """See the function of this name."""
        now = time.monotonic()
        self._answers = {key: it for key, it in self._answers.items() if now - it[0] < _BELIEVED}
        if key in self._answers:
            known: T = self._answers[key][1]
            return known
        answer = make()
        if size(answer) >= _WORTH_REMEMBERING:
            self._answers[key] = time.monotonic(), answer
        return answer

    def believed(self, kind: str) -> list[tuple[Any, Any]]:
        """Keys that begin so, with the answers that are still believed."""
        now = time.monotonic()
        return [
            (key, answer)
            for key, (moment, answer) in self._answers.items()
            if isinstance(key, tuple) and key[0] == kind and now - moment < _BELIEVED
        ]


_POLICY: ContextVar[ScanPolicy] = ContextVar("scan_policy")


@contextmanager
def scanning_by(policy: ScanPolicy) -> Iterator[ScanPolicy]:
    """Scan by a policy within the block."""
    token = _POLICY.set(policy)
    try:
        yield policy
    finally:
        _POLICY.reset(token)


def current_policy() -> ScanPolicy:
    """That of the block at work; all images unseen where there is none."""
    return _POLICY.get(ScanPolicy())


def remembered(key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
    """What was answered under a key in this block, some minutes ago at most, else a new answer.

    Args:
        key: of the question.
        make: answers it.
        size: of an answer in images; those about few are not remembered.
    """
    return current_policy().remembered(key, make, size)
