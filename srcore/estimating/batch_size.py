"""``[train] batch_size = "auto"``: the largest that fits, found by probes in other processes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ignite import distributed as idist

from srcore.checking.experiment import problems_between_tables
from srcore.config.batch_size import AUTO, known_batch_size, numbered, with_batch_size
from srcore.config.plain_tables import as_table
from srcore.config.reading import parse_experiment
from srcore.errors import SrcoreError
from srcore.estimating.child import ProbeMemoryError, try_experiment, working_folder
from srcore.machine.processes import processes_here
from srcore.runs.folder import RunFolder

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.plugin.manager import PluginManager

logger = logging.getLogger("srcore")

#: More is not tried, however much memory there is.
MOST = 512
#: Share of the free memory that is used; the rest is for what probes do not show.
MARGIN = 0.85
#: Share of that below which a size that was reckoned from smaller ones is believed untried.
_BELIEVED = 0.2
_SMALLER = 0.8


def settled(
    experiment: Experiment, folder: Path, plugins: PluginManager, *, is_main: bool
) -> Experiment:
    """A stage with a number of images per step: its own, that of its run so far, or what fits.

    Args:
        experiment: of the stage.
        folder: of the stage; where it holds a run that found a number, that is taken, so that a
            resumed run goes on with the same batches.
        plugins: of which it is made.
        is_main: whether this process tries; the others are told.

    Raises:
        SrcoreError: not even the smallest batch fits, or a probe failed for another reason.
    """
    if experiment.train.batch_size != AUTO:
        return experiment
    number, failure = 0, None
    if is_main:
        number = _number_of_run(folder)
        try:
            number = number or largest_fitting(as_table(experiment), experiment, plugins)
        except SrcoreError as error:
            failure = error
    if idist.get_world_size() > 1:
        told: Any = idist.broadcast(float(number), src=0)
        number = int(told)
    if failure is not None:
        raise failure
    if not number:
        raise SrcoreError('train.batch_size = "auto": the main process found no number')
    return with_batch_size(experiment, number)


def _number_of_run(folder: Path) -> int:
    file = RunFolder(folder).experiment
    number = parse_experiment(file).get("train", {}).get("batch_size") if file.is_file() else None
    return number if isinstance(number, int) else 0


def largest_fitting(table: dict[str, Any], experiment: Experiment, plugins: PluginManager) -> int:
    """The most images per step for which a training fits into the free memory, with a margin.

    Every probe is a process of its own, so that one that runs out of memory costs nothing.

    Args:
        table: what is tried.
        experiment: what is checked: no rule between tables is broken by the number.
        plugins: of which it is made.

    Raises:
        SrcoreError: not even the smallest batch fits, or a probe failed for another reason.
    """
    facts: dict[str, int] = {}

    def memory_of(number: int) -> int | None:
        tried = {**table, "train": {**table["train"], "batch_size": number}}
        job = {"seconds": 0.0, "counts": False, "most_bytes": facts.get("free", 0)}
        try:
            with working_folder() as folder:
                what = f"train.batch_size = {number}"
                figures = try_experiment(tried, plugins, job, folder, what)
        except ProbeMemoryError:
            return None
        memory = figures["memory"]
        share = processes_here() if not figures["device"].startswith("cuda") else 1
        facts.setdefault("free", memory["free"] // share)
        facts.setdefault("images", figures["images"])
        return max(int(memory[part]) for part in ("training", "saving", "validation"))

    def problems(number: int) -> int:
        return len(problems_between_tables(with_batch_size(experiment, number), plugins))

    sizes = [known_batch_size(it.train) for it in numbered(experiment)]
    counts = {number: problems(number) for number in sizes}
    fewest = min(counts.values())
    smallest = min(number for number, count in counts.items() if count == fewest)
    number, reason = search_size(
        memory_of,
        lambda it: problems(it) <= fewest,
        lambda: int(facts["free"] * MARGIN),
        lambda: min(MOST, facts["images"]),
        smallest=smallest,
        step=experiment.train.accumulate,
    )
    logger.info('train.batch_size = "auto": %d, %s', number, reason)
    return number


def search_size(
    memory_of: Callable[[int], int | None],
    is_allowed: Callable[[int], bool],
    budget: Callable[[], int],
    most: Callable[[], int],
    *,
    smallest: int,
    step: int,
) -> tuple[int, str]:
    """The largest number that fits, by few probes: memory grows evenly with a batch.

    Args:
        memory_of: tries a number: bytes that it takes; None: it ran out of memory.
        is_allowed: whether a number breaks no rule.
        budget: bytes that may be taken; known after the first probe.
        most: the largest number that makes sense; known after the first probe.
        smallest: the smallest number.
        step: numbers are multiples of it.

    Returns:
        The number, and why it is not larger.

    Raises:
        SrcoreError: the smallest does not fit.
    """
    least = memory_of(smallest)
    if least is None:
        raise SrcoreError(
            f'train.batch_size = "auto": out of memory with {smallest} already; a smaller '
            'hr_patch_size, generator.checkpointing = true or train.precision = "bfloat16" need '
            "less"
        )
    fitting, memory, slope = smallest, least, 0.0
    bound = most()
    candidate = _allowed_below(min(2 * smallest, bound), fitting, step, is_allowed)
    while candidate > fitting:
        needed = memory_of(candidate)
        if needed is None or needed > budget():
            bound = candidate - step
            candidate = _allowed_below(int(candidate * _SMALLER), fitting, step, is_allowed)
            continue
        slope = max(slope, (needed - memory) / (candidate - fitting), 0.0)
        fitting, memory = candidate, needed
        room = budget() - memory
        reach = bound if slope * (bound - fitting) <= room else fitting + int(room / slope)
        candidate = _allowed_below(min(reach, bound), fitting, step, is_allowed)
        if memory + slope * (candidate - fitting) < _BELIEVED * budget():
            return candidate, f"the most that is tried (of {most()})"
    is_bound = fitting + step > most()
    return fitting, "the most that is tried" if is_bound else "the most that fits with a margin"


def _allowed_below(number: int, fitting: int, step: int, is_allowed: Callable[[int], bool]) -> int:
    """The largest multiple of the step up to a number that is allowed and more than what fits."""
    for candidate in range(number // step * step, fitting, -step):
        if is_allowed(candidate):
            return candidate
    return fitting
