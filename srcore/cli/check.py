"""Find everything wrong with an experiment, without building a network."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from srcore.cli.completing import experiments
from srcore.cli.flags import flag
from srcore.cli.overriding import beginning, beginning_options, overrides_option
from srcore.cli.scan_progress import visible_scans
from srcore.errors import ConfigError, Problem, SrcoreError, WeightsError
from srcore.machine.terminal import width
from srcore.messages import shown
from srcore.plugin.manager import plugins
from srcore.runs.options import RunsOptions
from srcore.scanning.policy import scanning_by

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment
    from srcore.scanning.policy import ScanPolicy

#: Of a folder with more images that were never read, so many are.
_SAMPLE = 20_000


@click.command()
@click.argument("experiment", shell_complete=experiments)
@overrides_option
@beginning_options
@flag(RunsOptions, "output")
@click.option(
    "--all",
    "all_headers",
    is_flag=True,
    help=f"Read the headers of all images where more than {_SAMPLE:,} of a folder are new; else "
    "an even sample.",
)
@click.option("--images", is_flag=True, help="Also decode every image once, and list damaged ones.")
@click.option(
    "--memory", is_flag=True, help="Also take a few true steps, and warn where memory is short."
)
@click.option("--json", "as_json", is_flag=True, help="Print problems as JSON.")
def command(
    experiment: str,
    overrides: tuple[str, ...],
    from_stage: str | None,
    weights: str | None,
    output: Path,
    all_headers: bool,
    images: bool,
    memory: bool,
    as_json: bool,
) -> None:
    """Find everything wrong with EXPERIMENT, without building a network.

    EXPERIMENT is a TOML file or the name of a shipped experiment. Every problem is one line: file,
    path of the key, what was expected, what was found, what to do. What works but may not be meant
    is a warning; the exit code is 0 then. With --memory each stage is built and trained for a few
    steps in a process of its own, as `srcore estimate` does, and one that is short of memory is a
    warning too.

    \b
    Examples:
      srcore check experiment.toml
      srcore check experiment.toml --set train.batch_size=4
      srcore check experiment.toml --all
      srcore check experiment.toml --images
      srcore check experiment.toml --memory
      srcore check esrgan_x4 --json
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    with scanning_by(visible_scans(None if all_headers else _SAMPLE)) as scans:
        try:
            overrides = beginning(overrides, from_stage, weights)
            loaded = _checked(experiment, overrides, output, images=images)
            trials = _refuse_wrong_sweep(loaded, experiment, overrides, output)
            remarks = _warnings(loaded, memory=memory)
        except ConfigError as error:
            if as_json:
                rows = {"ok": False, "problems": _problem_entries(error.problems)}
                click.echo(json.dumps(rows, indent=2))
                raise click.exceptions.Exit(error.exit_code) from None
            for note in _of_sampling(scans):
                click.echo(f"srcore: warning: {note}", err=True)
            raise
        remarks = [*_of_sampling(scans), *remarks]
        _say_valid(experiment, loaded, remarks, trials=trials, as_json=as_json)


def _checked(
    experiment: str, overrides: tuple[str, ...], output: Path, *, images: bool
) -> LoadedExperiment:
    from srcore.checking.experiment import check_experiment, load_experiment

    try:
        loaded = check_experiment(
            experiment, overrides, plugins=plugins(), resumed=output, output=output
        )
    except ConfigError as error:
        # A misspelt key elsewhere is not to wait until all images are decoded.
        if not images or not all(it.path.startswith("data.") for it in error.problems):
            raise
        damaged = _image_problems(load_experiment(experiment, overrides, plugins=plugins()))
        raise ConfigError([*error.problems, *damaged]) from None
    if images and (damaged := _image_problems(loaded)):
        raise ConfigError(damaged)
    return loaded


def _of_sampling(scans: ScanPolicy) -> list[Problem]:
    """Which headers were not read."""
    return [Problem("data", f"{note}; --all reads them") for note in scans.notes.values()]


def _warnings(loaded: LoadedExperiment, *, memory: bool) -> list[Problem]:
    if not memory:
        return loaded.remarks()
    from srcore.estimating.fitting import memory_remarks

    return loaded.remarks() + memory_remarks(loaded)


def _say_valid(
    experiment: str,
    loaded: LoadedExperiment,
    remarks: list[Problem],
    *,
    trials: str,
    as_json: bool,
) -> None:
    """That it is valid, and what is worth knowing of it."""
    from srcore.weights.pretrained import missing

    stages = [stage.name for stage in loaded.stages if stage.name]
    downloads = [entry.what for entry in missing(map(loaded.experiment, loaded.stages))]
    if as_json:
        facts = {
            "ok": True,
            "name": loaded.name,
            "stages": stages,
            "warnings": _problem_entries(remarks),
            "downloads": downloads,
        }
        click.echo(json.dumps(facts))
        return
    for remark in remarks:
        click.echo(f"srcore: warning: {remark}", err=True)
    for line in _starts(loaded):
        click.echo(f"{experiment}: {line}")
    about = [f"{len(stages)} stages: {', '.join(stages)}"] if stages else []
    about += [trials] if trials else []
    detail = f" ({'; '.join(about)})" if about else ""
    click.echo(f"{experiment}: ok{detail}")
    for what in downloads:
        click.echo(f"{experiment}: needs {what}; downloaded before the first stage, if missing")


def _refuse_wrong_sweep(
    loaded: LoadedExperiment, experiment: str, overrides: tuple[str, ...], output: Path
) -> str:
    """Check the trials of a sweep; what it is in words, empty where there is none."""
    from srcore.config.file_keys import SWEEP

    if SWEEP not in loaded.source.table:
        return ""
    from srcore.sweeps.checked_sweep import checked_sweep

    sweep = checked_sweep(loaded, experiment, overrides, output, plugins())
    return f"{sweep.trials} trials" + (", all of them checked" if sweep.is_listed else "")


def _starts(loaded: LoadedExperiment) -> Iterator[str]:
    """What the files hold that generators start from."""
    from srcore.checking.generator_telling import held, settings

    seen = set()
    for stage in loaded.stages:
        table = loaded.experiment(stage).generator
        file = None if table is None else table.weights
        if file is None or file in seen or not file.is_file():
            continue
        seen.add(file)
        try:
            held_weights = held(file, loaded.plugins.registry)
        except WeightsError as error:
            yield f"generator.weights: {error}"
            continue
        told = ", ".join(f"{key} = {shown(value)}" for key, value in settings(held_weights).items())
        yield f"generator.weights: {file.name} holds {told}; scale = {held_weights.scale}"


def _image_problems(loaded: LoadedExperiment) -> list[Problem]:
    """What is wrong with the images, all of which are decoded; also where more is wrong."""
    from tqdm import tqdm

    from srcore.checking.image_files import images_of, verify

    stored = []
    for stage in loaded.stages:
        experiment, _ = loaded.examine(stage)
        with contextlib.suppress(SrcoreError):  # a list or folder that is told of already
            stored += images_of(experiment) if experiment is not None else []
    with tqdm(total=len(stored), desc="images", unit="image", **width()) as bar:
        problems = list(dict.fromkeys(verify(stored, bar.update)))
    return [attrs.evolve(it, source=str(loaded.source.path)) for it in problems]


def _problem_entries(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"source": p.source, "path": p.path, "message": p.message} for p in problems]
