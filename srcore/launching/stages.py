"""From a loaded experiment to finished stages: folders, devices, processes, log files."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from ignite import distributed as idist
from tqdm import tqdm

from srcore.checking.experiment import LoadedExperiment
from srcore.checking.remarks import remarks
from srcore.config.batch_size import AUTO
from srcore.engine.run import Run
from srcore.engine.signals import StopRequest
from srcore.errors import Interrupted, SrcoreError, first_line
from srcore.launching.joining import together
from srcore.launching.startable import refuse_lost_restarts, startable
from srcore.machine.devices import slow_precision
from srcore.machine.memory import is_out_of_memory
from srcore.machine.processes import left_aside
from srcore.options.declaration import defaults
from srcore.plugin.blame import naming_exits
from srcore.plugin.calling import call
from srcore.runs import provenance
from srcore.runs.changes import Change, changes, refuse_changes
from srcore.runs.ending import forget_ending
from srcore.runs.folder import RunFolder
from srcore.runs.opening import open_run
from srcore.runs.options import RunsOptions
from srcore.runs.overwriting import refuse_own_inputs
from srcore.runs.results import results_table
from srcore.runs.used_plugins import refuse_missing_plugins
from srcore.weights.pretrained import fetch_missing

#: A file system that is full, over its quota, or whose files may not grow further.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

logger = logging.getLogger("srcore")
_DEFAULT = defaults(RunsOptions)


def run_experiment(
    loaded: LoadedExperiment,
    output: Path = _DEFAULT.output,
    *,
    resume: bool = False,
    overwrite: bool = False,
    recover: bool = False,
    accept_changes: bool = False,
    quiet: bool = False,
    stop: StopRequest | None = None,
) -> str | None:
    """Run all stages of an experiment that ``check`` found valid.

    Args:
        loaded: the experiment.
        output: folder of runs; results go to ``output/<name>``.
        resume: continue where an earlier run stopped; finished stages are skipped.
        overwrite: delete an earlier run of this name first.
        recover: resume, and where the last checkpoint is damaged or missing from the newest good.
        accept_changes: resume although other files or processes than before feed the training.
        quiet: warnings only.
        stop: hears signals already, of whoever runs several; None: this run hears them itself.

    Returns:
        A table of the results; None on all but the main process.

    Raises:
        SrcoreError: what went wrong, in one line.
        Interrupted: a signal to stop came; everything is saved.
    """
    resume = resume or recover
    # Everything that can be wrong is known before an earlier run is deleted.
    warning = refuse_lost_restarts(resume=resume, overwrite=overwrite)
    experiments, devices = startable(loaded, output)
    folder = output / loaded.name
    folders = {stage.name: folder / stage.name for stage in loaded.stages}
    runs: list[Run] = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(_disk_troubles(folder))
        is_main = stack.enter_context(together())
        if is_main:
            fetch_missing(experiments)
            if overwrite:
                refuse_own_inputs(folder, loaded, experiments)
            stages = {
                stage.name: experiment
                for stage, experiment in zip(loaded.stages, experiments, strict=True)
            }
            stack.enter_context(
                open_run(
                    folder,
                    stages,
                    loaded.plugins.registry,
                    name=loaded.name,
                    resume=resume,
                    overwrite=overwrite,
                )
            )
        if idist.get_world_size() > 1:
            idist.barrier()
        stack.enter_context(_logging(folder, is_main=is_main, quiet=quiet))
        if stop is None:
            stop = stack.enter_context(StopRequest())
        for text in (left_aside(), warning):
            if text:
                logger.warning("%s", text)
        for stage, device in zip(loaded.stages, devices, strict=True):
            experiment = loaded.experiment(stage, folders)
            if experiment.task is None and experiment.train.batch_size == AUTO:
                from srcore.estimating.batch_size import settled

                place = folders[stage.name]
                experiment = settled(experiment, place, loaded.plugins, is_main=is_main)
            run = Run(
                folders[stage.name], experiment, stage.name, folders, device, loaded.plugins,
                resume=resume, recover=recover, accept_changes=accept_changes, is_main=is_main,
                quiet=quiet, stop=stop,
            )  # fmt: skip
            _run_stage(run)
            runs.append(run)
            if idist.get_world_size() > 1:
                idist.barrier()  # the next stage names files that the main process writes
    return results_table(runs) if is_main else None


def _run_stage(run: Run) -> None:  # noqa: C901 - the order of a stage, read from top to bottom
    if run.resume:
        refuse_missing_plugins(run.folder, run.plugins)
    done = run.finished() if run.resume else None
    if run.resume and (done is not None or run.has_progress):
        run.changes = changes(run.folder, run.experiment, run.plugins.registry)
        refuse_changes(run.folder, [change for change in run.changes if not _is_moved(run, change)])
    is_done = done is not None and done.planned >= run.experiment.train.iterations
    if done is not None and is_done and not run.measures_anew:
        run.results = done.results
        for change in run.changes:
            logger.info("%s: %s: no effect, the stage is finished", run.folder, change)
        how = f"finished earlier ({done})" if done.is_early else "finished earlier"
        logger.info("%s: %s, skipped", run.folder, how)
        provenance.remember_weights(
            run.folder,
            provenance.read_provenance(run.folder),
            provenance.provenance(run.experiment, run.plugins),
        )
        if not done.hooks_called:  # the run was killed before they were through
            run.plugins.hook.srcore_run_started(run=run)
            _tell_complete(run)
        return
    for change in run.changes:
        logger.info("%s: %s: applied", run.folder, change)
    if done is not None and is_done:  # only measured anew; it is as complete as it was
        run.stop_reason = done.reason if done.is_early else ""
    _check_provenance(run)
    run.write_experiment()
    if run.is_main:
        forget_ending(run.folder)
    for remark in remarks(run.experiment):
        logger.warning("%s", remark)
    slow = slow_precision(run.device, run.experiment.train.precision)
    if slow:
        logger.warning("train.precision: %s", slow)
    run.plugins.hook.srcore_run_started(run=run)
    try:
        with _memory_troubles(run), naming_exits():
            _work_of_stage(run)
    except BaseException as error:
        _mark_ended(run, error)
        if run.iteration and isinstance(error, Exception) and not isinstance(error, Interrupted):
            place = run.files.last
            logger.info(
                "trained to iteration %d, saved in %s; --resume goes on", run.iteration, place
            )
        try:
            run.plugins.hook.srcore_run_finished(run=run, parts=run.parts, error=error)
        except SrcoreError as second:  # must not hide what ended the stage
            logger.error("%s", second)
        raise
    _tell_complete(run)
    run.parts = run.training = None  # the next stage may need the memory


def _tell_complete(run: Run) -> None:
    """Call the hooks of a complete stage, and note that they were called."""
    run.plugins.hook.srcore_run_finished(run=run, parts=run.parts, error=None)
    if idist.get_world_size() > 1:
        idist.barrier()  # all have read what the main process replaces, and come this far
    run.mark_hooks_called()


def _work_of_stage(run: Run) -> None:
    """What the stage is there for."""
    if run.experiment.task is not None:
        call("task", run.experiment.task.build(), run, method="run")
        run.mark_finished(run.results)
        return
    from srcore.engine.training import Training

    with _deterministic(run.experiment.train.deterministic):
        run.mark_finished(Training(run).execute())


@contextlib.contextmanager
def _memory_troubles(run: Run) -> Iterator[None]:
    """Memory that runs out while networks are built, read, measured or used is one line."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = first_line(error)
        raise SrcoreError(
            f"{run.folder}: out of memory on {run.device}; smaller networks, losses or images "
            f"need less ({reason})"
        ) from error


def _is_moved(run: Run, change: Change) -> bool:
    """Whether a path names another place that holds what the first one held."""
    if change.is_free:
        return False
    known, held = (
        provenance.read_provenance(run.folder),
        provenance.provenance(run.experiment, run.plugins),
    )
    return any(
        change.key in held[part] and held[part][change.key] == known.get(part, {}).get(change.key)
        for part in ("inputs", "weights")
    )


def _check_provenance(run: Run) -> None:
    """Refuse what would not continue the same training; record what this one is fed with."""
    now = provenance.provenance(run.experiment, run.plugins)
    if run.resume:
        before = provenance.read_provenance(run.folder)
        if run.files.last.exists():
            provenance.compare_provenance(run.folder, before, now, accept=run.accept_changes)
            provenance.remember_weights(run.folder, before, now)
    if idist.get_world_size() > 1:
        idist.barrier()  # all have read what the main process replaces
    if run.is_main:
        provenance.write(run.folder, now)


def _mark_ended(run: Run, error: BaseException) -> None:
    try:
        run.mark_ended(error)
    except OSError as second:  # must not hide what ended the stage
        logger.error("%s: %s", run.folder, second.strerror)


@contextlib.contextmanager
def _deterministic(wanted: bool) -> Iterator[None]:
    """Deterministic kernels inside the block; where there is none, that is one line."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(wanted or before)
    try:
        yield
    except RuntimeError as error:
        if not wanted or "deterministic" not in str(error):
            raise
        reason = first_line(error).split(". ")[0]
        raise SrcoreError(
            f"train.deterministic: expected operations with a deterministic version on this "
            f"device; found another ({reason}); set train.deterministic = false"
        ) from error
    finally:
        torch.use_deterministic_algorithms(before)


@contextlib.contextmanager
def _disk_troubles(folder: Path) -> Iterator[None]:
    """A run's own file that cannot be written or read, for whatever reason, is one line."""
    try:
        yield
    except OSError as error:
        name = error.filename2 or error.filename  # of a renaming: what was to be replaced
        file = Path(os.fsdecode(name)) if name is not None else folder
        is_ours = name is not None and folder in (file, *file.parents)
        if error.errno not in _FULL and not is_ours:
            raise
        hint = "; make room, then run again with --resume" if error.errno in _FULL else ""
        raise SrcoreError(f"{file}: {error.strerror}{hint}") from error


class _TerminalHandler(logging.Handler):
    """Writes lines above a progress bar instead of into it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


class _LogFile(logging.FileHandler):
    """A log is not worth a run: that it cannot be written (a full disk) is said once."""

    has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Called where :mod:`logging` would print a traceback."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self.has_failed:
            self.has_failed = True
            tqdm.write(f"{self.baseFilename}: cannot be written: {error.strerror}", file=sys.stderr)

    def close(self) -> None:
        """Close the file, whose last lines may be lost."""
        with contextlib.suppress(OSError):
            super().close()


class _TerminalFormatter(logging.Formatter):
    """Python's warnings without file, line number and source line, which the run's log keeps."""

    def format(self, record: logging.LogRecord) -> str:
        """The line that is shown."""
        text = super().format(record)
        if record.name != "py.warnings":
            return text
        first, *lines = text.rstrip("\n").split("\n")
        shown = re.sub(r"^.+?:\d+: ", "", first)
        if lines and lines[-1].startswith("  "):
            lines.pop()
        return "\n".join([shown, *lines])


@contextlib.contextmanager
def _logging(folder: Path, *, is_main: bool, quiet: bool) -> Iterator[None]:
    """Log to the run's folder and, beside the progress bar, to standard error."""
    previous = logger.level
    logger.setLevel(logging.DEBUG if is_main else logging.ERROR)
    handlers: list[logging.Handler] = []
    terminal = _TerminalHandler()
    terminal.setLevel(logging.WARNING if quiet else logging.INFO)
    terminal.setFormatter(_TerminalFormatter("%(message)s"))
    handlers.append(terminal)
    if is_main:
        file = _LogFile(RunFolder(folder).log, encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(file)
    warnings_logger = logging.getLogger("py.warnings")
    for handler in handlers:
        logger.addHandler(handler)
        warnings_logger.addHandler(handler)
    logging.captureWarnings(True)
    try:
        # Entering forgets what was warned of before: every run's log holds all of its own warnings.
        with warnings.catch_warnings():
            yield
    finally:
        logging.captureWarnings(False)
        for handler in handlers:
            logger.removeHandler(handler)
            warnings_logger.removeHandler(handler)
            handler.close()
        logger.setLevel(previous)
