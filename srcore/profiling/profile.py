"""Profiles of an experiment: every stage that trains is looked at, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.contracts import DISCRIMINATOR
from srcore.estimating.child import try_experiment
from srcore.estimating.forecast import validations_of
from srcore.estimating.stages_to_try import StageToTry, stages_to_try
from srcore.files.atomic import write_bytes
from srcore.files.occupied import OccupiedError, refuse_existing
from srcore.options.spelling import spelled
from srcore.profiling.advice import TimeSpent, advise
from srcore.profiling.compared_settings import ComparedSettings, compare
from srcore.profiling.options import ProfileOptions
from srcore.profiling.part_names import in_order
from srcore.profiling.variants import variants_of

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment
    from srcore.config.schema import Experiment

_DEFAULT = ProfileOptions()
_TARGET = "srcore.profiling.steps:profile_stage"


@attrs.frozen(kw_only=True)
class Profile:
    """Where the time of a stage goes; seconds.

    Attributes:
        stage: its name.
        device: in words.
        threads: of PyTorch on the processor.
        batch_size: images of a step.
        steps: how many were measured.
        step_seconds: a step, the mean; the sum of ``parts``.
        parts: of a step, by name.
        reading_seconds: one process, for a batch.
        iterations: of the whole training.
        validations: how many there will be.
        validation_seconds: one of them.
        validated: images that were validated, of ``validation_images``.
        validation_images: of all sets.
        validation_parts: of a validated image, by name.
        trace: file for Chrome or Perfetto.
        traced: steps in it.
        advice: what to change.
        remarks: what was another thing than in the experiment.
        comparison: with other settings, if that was asked for.
    """

    stage: str
    device: str
    threads: int
    batch_size: int
    steps: int
    step_seconds: float
    parts: dict[str, float]
    reading_seconds: float
    iterations: int
    validations: int
    validation_seconds: float
    validated: int
    validation_images: int
    validation_parts: dict[str, float]
    trace: str
    traced: int
    advice: str
    remarks: tuple[str, ...] = ()
    comparison: ComparedSettings | None = None


def profiles(
    loaded: LoadedExperiment, options: ProfileOptions = _DEFAULT
) -> Iterator[Profile | str]:
    """Where the time of every stage goes; of one that does not train a remark.

    Nothing is written into the folder of a run. Images and weights that are not there are stood in
    for, and said so.

    Args:
        loaded: the experiment; it need not have been checked.
        options: how many steps are measured, and where traces are written.

    Raises:
        OccupiedError: a trace is there, and may not be replaced, or a file where its folder is
            to be.
        ConfigError: what is wrong with the experiment.
        SrcoreError: why a stage could not be tried.
    """
    traces = {it.name: trace_file(options.out, loaded.name, it.name) for it in loaded.stages}
    _refuse_no_folder(options.out)
    refuse_existing(traces.values(), overwrite=options.overwrite)
    for it in stages_to_try(loaded, options.device, "profiled"):
        if isinstance(it, str):
            yield it
            continue
        trace = it.folder / "trace.json"
        job = {"steps": options.steps, "trace": str(trace)}
        figures = try_experiment(
            it.table, loaded.plugins, job, it.folder / "probe", it.what, _TARGET
        )
        write_bytes(traces[it.name], trace.read_bytes(), durable=False)
        told = _profile(it, figures, traces[it.name])
        if options.compare or options.write:
            variants, left_out = variants_of(it.experiment.train, figures["type"])
            place = it.folder / "compared"
            comparison = compare(it.table, loaded.plugins, variants, left_out, options.steps, place)
            told = attrs.evolve(told, comparison=comparison)
        yield told


def _refuse_no_folder(out: Path) -> None:
    """Before anything is measured."""
    there = next((it for it in (out, *out.parents) if it.exists()), None)
    if there is not None and not there.is_dir():
        raise OccupiedError(f"{spelled('out')}: expected a folder; {there} is a file")


def trace_file(out: Path, name: str, stage: str) -> Path:
    """The trace of a stage."""
    return out / (f"{name}_{stage}.trace.json" if stage else f"{name}.trace.json")


def _profile(it: StageToTry, figures: dict[str, Any], trace: Path) -> Profile:
    train = it.experiment.train
    return Profile(
        stage=it.name,
        device=figures["device"],
        threads=figures["threads"],
        batch_size=figures["batch_size"],
        steps=figures["steps"],
        step_seconds=figures["step_seconds"],
        parts=in_order(figures["parts"]),
        reading_seconds=figures["reading_seconds"],
        iterations=train.iterations,
        validations=validations_of(train) if figures["validation_images"] else 0,
        validation_seconds=figures["validation_seconds"],
        validated=figures["validated"],
        validation_images=figures["validation_images"],
        validation_parts=in_order(figures["validation_parts"]),
        trace=str(trace),
        traced=figures["traced"],
        advice=advise(time_spent(it.experiment, figures)),
        remarks=it.remarks,
    )


def time_spent(experiment: Experiment, figures: dict[str, Any]) -> TimeSpent:
    """What an advice on a stage goes by."""
    train, data = experiment.train, experiment.data.train
    roles = experiment.roles().items()
    return TimeSpent(
        parts=in_order(figures["parts"]),
        reading=figures["reading_seconds"],
        workers=data.workers if data is not None else 0,
        cores=figures["cores"],
        is_on_processor=figures["type"] == "cpu",
        batch_size=figures["batch_size"],
        iterations=train.iterations,
        validate_every=train.validate_every,
        validations=validations_of(train) if figures["validation_images"] else 0,
        validation=figures["validation_seconds"],
        validation_parts=figures["validation_parts"],
        discriminators=tuple(name for name, it in roles if it.kind == DISCRIMINATOR.kind),
    )
