"""All images of a set, measured by one process or several, from the start or where that stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

import attrs

from srcore.errors import DataError
from srcore.evaluation.measure import Measured
from srcore.evaluation.measuring_processes import ByContender, Measuring, UpscalePicture
from srcore.evaluation.record import MeasuredRecord, key_of_image


@attrs.frozen(kw_only=True)
class MeasuringWork:
    """How images are measured, and by whom.

    Attributes:
        processes: that read and measure; 1: this process does.
        record: of what was measured before, and is now; None: none.
    """

    processes: int = 1
    record: MeasuredRecord | None = None


def measure_all(
    measuring: Measuring,
    networks: Mapping[str, UpscalePicture],
    work: MeasuringWork,
    *,
    about: Sequence[Any],
    progress: Callable[[], object] | None = None,
    on_failure: Callable[[str, DataError], object] | None = None,
) -> tuple[list[str], dict[str, list[Measured]]]:
    """Measure all images of a set, in their order.

    Args:
        measuring: what is done with each.
        networks: contender -> what makes its picture, in this process.
        work: who does it, and what is known.
        about: name of the set, and what else tells its images from others with the same files.
        progress: called after every image, for each contender.
        on_failure: gets name and error of an image that cannot be measured, which is left out.

    Returns:
        Names of the images, and what was measured of them by contender.

    Raises:
        DataError: an image cannot be measured, without ``on_failure``.
    """
    names: list[str] = []
    measured: dict[str, list[Measured]] = {name: [] for name in measuring.contenders}
    with closing(_outcomes(measuring, networks, work, about)) as outcomes:
        for number, outcome in enumerate(outcomes):
            name = measuring.reader.name(number)
            if isinstance(outcome, DataError):
                if on_failure is None:
                    raise outcome
                on_failure(name, outcome)
                continue
            names.append(name)
            for contender, result in outcome.items():
                measured[contender].append(result)
                if progress is not None:
                    progress()
    return names, measured


def _outcomes(
    measuring: Measuring,
    networks: Mapping[str, UpscalePicture],
    work: MeasuringWork,
    about: Sequence[Any],
) -> Generator[ByContender | DataError, None, None]:
    reader, record = measuring.reader, work.record
    every = range(len(reader))
    if record is None:
        yield from measuring.of_each(every, networks, work.processes)
        return
    keys = [key_of_image([*about, reader.name(number)], reader.files(number)) for number in every]
    look = measuring.look
    known = {
        number: measured
        for number in every
        if (measured := record.find(keys[number]))
        and (look is None or look.is_written(reader.name(number)))
    }
    left = [number for number in every if number not in known]
    with closing(measuring.of_each(left, networks, work.processes)) as new:
        for number in every:
            if number in known:
                yield known.pop(number)
                continue
            outcome = next(new)
            if not isinstance(outcome, DataError):
                record.add(keys[number], outcome)
            yield outcome
