"""The program that works on a trial: ``python -m srcore.sweeps.trial_process``.

Its job is the first line of standard input. What follows there is ``STOP``, or the end of the file:
then nobody is at the other end, and it ends as if it were killed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback

import attrs

from srcore.checking.experiment import check_experiment
from srcore.config.sweep_table import SweepTable
from srcore.errors import SrcoreError, cause
from srcore.machine.processes import end_with_parent
from srcore.plugin.manager import PluginManager
from srcore.sweeps.job import FAILED, STOP, TrialJob
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.trials.metric import SweepMetric, metric_of
from srcore.trials.sweep_problems import sweep_of, without_sweep


def main() -> int:
    """Read the job and do it; returns the exit code."""
    end_with_parent()
    job = TrialJob.of_line(_job_line())
    threading.Thread(target=_obey, daemon=True).start()
    try:
        work_on(job)
    except SrcoreError as error:
        print("\n".join(f"srcore: {line}" for line in error.lines))
        print(f"{FAILED}{error.lines[0]}", flush=True)
        return error.exit_code
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        print(f"{FAILED}{cause(error)}", flush=True)
        return 1
    return 0


def work_on(job: TrialJob) -> None:
    """Run the trial, or go on with it.

    Raises:
        SrcoreError: what went wrong.
        Interrupted: it was told to stop, and is saved.
    """
    plugins = PluginManager(without=job.without, named=job.named)
    folder = SweepFolder(job.place)
    loaded = check_experiment(
        job.experiment,
        without_sweep(job.overrides),
        plugins=plugins,
        resumed=folder.path,
    )
    from srcore.launching.stages import run_experiment
    from srcore.sweeps.pruning import MedianPruning

    if job.prunes:
        sweep, metric = _sweep_and_metric(job, plugins)
        judge = MedianPruning(folder, metric, sweep)
        loaded = attrs.evolve(loaded, plugins=plugins.extended(judge))

    print(run_experiment(loaded, folder.path, resume=True, quiet=True))


def _sweep_and_metric(job: TrialJob, plugins: PluginManager) -> tuple[SweepTable, SweepMetric]:
    whole = check_experiment(job.experiment, job.overrides, plugins=plugins, resumed=job.place)
    sweep = sweep_of(whole, plugins.registry)
    return sweep, metric_of(whole, sweep)


def _job_line() -> bytes:
    """Byte by byte: what follows is for the thread, and no buffer is locked at the end."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            os._exit(1)
        line += byte
    return line


def _obey() -> None:
    while os.read(0, 1) == STOP:
        os.kill(os.getpid(), signal.SIGTERM)  # the main thread saves and ends
    os._exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
