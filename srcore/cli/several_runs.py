"""Several experiments of one command line: all checked first, then run one after the other."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcore.cli.failing import told_exit_code
from srcore.errors import ConfigError, Interrupted, Problem, SrcoreError, cause
from srcore.files.names import name_key
from srcore.machine.processes import world_size
from srcore.plugin.blame import naming_exits
from srcore.runs.opening import refuse_earlier_run
from srcore.runs.overwriting import refuse_own_inputs

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment
    from srcore.engine.signals import StopRequest

    Running = Callable[[LoadedExperiment, StopRequest], str | None]


def refuse_many_processes() -> None:
    """Processes of torchrun end together, so none is left to go on after a failure.

    Raises:
        UsageError: torchrun started several.
    """
    if world_size() > 1:
        raise click.UsageError("expected one experiment for each torchrun; start them one by one")


def all_checked(
    names: Iterable[str],
    check: Callable[[str], LoadedExperiment],
    output: Path,
    *,
    resume: bool,
    overwrite: bool,
) -> dict[str, LoadedExperiment]:
    """The experiments by name, none of which would be refused when its turn comes.

    Args:
        names: files, or names of shipped experiments.
        check: loads a valid one.
        output: folder of runs.
        resume: whether earlier runs are continued.
        overwrite: whether earlier runs are deleted.

    Raises:
        ConfigError: all that is wrong with any of them.
    """
    problems: list[Problem] = []
    valid: dict[str, LoadedExperiment] = {}
    owners: dict[str, str] = {}
    for name in names:
        try:
            loaded = check(name)
        except SrcoreError as error:
            problems += _as_problems(error, name)
            continue
        owner = owners.setdefault(name_key(loaded.name), name)
        if owner != name or name in valid:
            problems.append(_shared_folder(name, output / loaded.name, owner))
            continue
        valid[name] = loaded
        for refuse in (_refuse_unstartable, _refuse_earlier):
            try:
                refuse(loaded, output, resume=resume, overwrite=overwrite)
            except SrcoreError as error:
                problems += _as_problems(error, name)
    if problems:
        raise ConfigError(problems)
    return valid


def _refuse_unstartable(
    loaded: LoadedExperiment, output: Path, *, resume: bool, overwrite: bool
) -> None:
    from srcore.launching.startable import startable

    stages, _ = startable(loaded, output)
    if overwrite:
        refuse_own_inputs(output / loaded.name, loaded, stages)


def _refuse_earlier(
    loaded: LoadedExperiment, output: Path, *, resume: bool, overwrite: bool
) -> None:
    refuse_earlier_run(output / loaded.name, resume=resume, overwrite=overwrite)


def _as_problems(error: SrcoreError, name: str) -> Iterable[Problem]:
    if isinstance(error, ConfigError):
        return error.problems
    return [Problem("", line, name) for line in error.lines]


def _shared_folder(name: str, folder: Path, owner: str) -> Problem:
    message = (
        f'expected a folder of its own, found {folder}, which {owner} has; give it a name = "..." '
        "of its own in the file"
    )
    return Problem("name", message, name)


def run_each(queue: Mapping[str, LoadedExperiment], output: Path, run: Running) -> int:
    """Run experiments, also those after one that fails; print results and a line for each.

    Returns:
        The exit code of the first that failed, 0 if none did.

    Raises:
        Interrupted: a signal to stop came; what is left was not begun.
    """
    from srcore.engine.signals import StopRequest

    told: dict[str, str] = {}
    codes: list[int] = []
    with StopRequest() as stop:  # one for all: a signal between two of them counts, too
        try:
            for name, loaded in queue.items():
                _refuse_stopped(stop)
                try:
                    with naming_exits():
                        result = run(loaded, stop)
                except Interrupted as error:
                    told[name] = f"interrupted; {output / loaded.name}"
                    raise error from None
                except Exception as error:
                    codes.append(told_exit_code(error))
                    line = error.lines[0] if isinstance(error, SrcoreError) else cause(error)
                    told[name] = f"failed: {line}"
                else:
                    told[name] = f"done; {output / loaded.name}"
                    click.echo(result)
                gc.collect()  # an error's frames and networks refer to one another
        finally:
            for line in _lines_of_all(queue, told):
                click.echo(line)
    return next(iter(codes), 0)


def _refuse_stopped(stop: StopRequest) -> None:
    if stop.signal_number is not None:
        raise Interrupted(stop.signal_number, "interrupted; the same command with --resume goes on")


def _lines_of_all(queue: Iterable[str], told: Mapping[str, str]) -> Iterator[str]:
    for name in queue:
        yield f"{name}: {told.get(name, 'not begun')}"
