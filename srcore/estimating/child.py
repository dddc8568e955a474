"""A process that tries an experiment and tells what it took; it may run out of memory.

Nothing is shared with the process that asks but a folder: ``experiment.toml`` and ``job.json`` in
it, ``answer.json`` and all that a run writes out of it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.config.plain_tables import write_table
from srcore.errors import SrcoreError
from srcore.machine.processes import ending_in_words, environment_of_one
from srcore.runs.folder import RunFolder

if TYPE_CHECKING:
    from srcore.plugin.manager import PluginManager

EXPERIMENT, JOB, ANSWER = RunFolder.experiment, "job.json", "answer.json"
#: What a probe printed, should it end without an answer.
SAID = "said"
_MEASURE = "srcore.estimating.measuring:measure"


class ProbeMemoryError(SrcoreError):
    """The process that tried the experiment ran out of memory, or was ended for it."""


@contextlib.contextmanager
def working_folder() -> Iterator[Path]:
    """A folder for what is tried, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="srcore-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def try_experiment(
    table: dict[str, Any],
    plugins: PluginManager,
    job: dict[str, Any],
    folder: Path,
    what: str,
    target: str = _MEASURE,
) -> dict[str, Any]:
    """Try an experiment in a process of its own.

    Args:
        table: the resolved experiment, of one stage that trains.
        plugins: of which it is made; the process loads the same.
        job: keywords of the target.
        folder: where it works; what lies there is replaced.
        what: begins messages, such as ``"stage gan"``.
        target: ``"package.module:name"`` of what is called in the process with the experiment,
            the plugins and the folder; it returns plain values by name.

    Returns:
        What the target returns.

    Raises:
        ProbeMemoryError: memory ran out, whoever noticed.
        SrcoreError: anything else that ended it, in one line.
    """
    command = probe_command(table, plugins, job, folder, target)
    with (folder / SAID).open("wb") as said:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=environment_of_one(),
            check=False,
        )
    return answer_of_probe(folder, done.returncode, what)


def probe_command(
    table: dict[str, Any], plugins: PluginManager, job: dict[str, Any], folder: Path, target: str
) -> list[str]:
    """Prepare the folder of a probe; the command that tries it. Arguments as above."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ANSWER).unlink(missing_ok=True)
    write_table(folder / EXPERIMENT, table)
    used = {"without": sorted(plugins.without), "named": plugins.named, "target": target}
    (folder / JOB).write_text(json.dumps(job | used), "utf-8")
    return [sys.executable, "-m", "srcore.estimating.probe", str(folder)]


def answer_of_probe(folder: Path, code: int, what: str) -> dict[str, Any]:
    """What a probe that has ended with an exit code answered.

    Raises:
        ProbeMemoryError: memory ran out, whoever noticed.
        SrcoreError: anything else that ended it, in one line.
    """
    try:
        answer: dict[str, Any] = json.loads((folder / ANSWER).read_text("utf-8"))
    except (OSError, ValueError):
        raise _end_of(code, folder / SAID, what) from None
    if answer.get("out_of_memory"):
        raise ProbeMemoryError(f"{what}: out of memory ({answer['error']})")
    if "error" in answer:
        raise SrcoreError(f"{what}: {answer['error']}")
    return answer


def _end_of(code: int, said: Path, what: str) -> SrcoreError:
    """Of a process that ended without an answer."""
    if code == -9:  # the system's answer to a lack of memory
        return ProbeMemoryError(f"{what}: the process that tried it was killed: out of memory")
    lines = said.read_text("utf-8", "replace").strip().splitlines() or ["it said nothing"]
    how = f"ended with {ending_in_words(code)}: {lines[-1]}"
    return SrcoreError(f"{what}: the process that tried it {how}")
