"""Checks that look at several tables of an experiment; none of them imports torch.

A component's options class may define ``problems(self, experiment)`` and yield (key, message)
pairs for choices that cannot work in this experiment.
"""

from __future__ import annotations

from collections.abc import Iterator

from srcore.capabilities import option_capability
from srcore.checking.channel_checks import channel_problems
from srcore.checking.entry_checks import entry_problems
from srcore.checking.metric_checks import lacks
from srcore.checking.need_checks import need_problems
from srcore.checking.parameter_checks import parameter_problems
from srcore.checking.role_checks import role_problems, seen_from
from srcore.config.batch_size import known_batch_size
from srcore.config.paths import inputs_are_there
from srcore.config.schema import Experiment
from srcore.config.selections import selections
from srcore.data.faults import ImageFault, can_be_skipped
from srcore.data.sizes import common_patches, upscaled_sizes
from srcore.datasets.options import CropOptions
from srcore.errors import Problem
from srcore.files.names import name_complaint, name_key, same_names
from srcore.plugin.registry import Registry
from srcore.runs.folder import TRAINING_PHASE


def cross_checks(experiment: Experiment, registry: Registry) -> Iterator[Problem]:
    """The core's own problems between tables, and those of the selected components."""
    with common_patches() as wishes:
        complaints = list(_component_problems(experiment))
        if wishes.proposed:  # now that all are known, one side for all
            complaints = list(_component_problems(experiment))
    yield from complaints
    if experiment.task is None:
        yield from _training_problems(experiment, registry)
    yield from (lack.problem for lack in lacks(experiment) if lack.is_total)


def _component_problems(experiment: Experiment) -> Iterator[Problem]:
    for path, selected in selections(experiment):
        check = option_capability(selected.options, "problems")
        if check is None or not inputs_are_there(selected.options):
            continue
        complaints = list(check(seen_from(experiment, path)))
        if selected.component.kind == "dataset" and path.partition(".")[2].startswith("train"):
            complaints = _without_skipped(experiment, complaints)
        for key, message in complaints:
            yield Problem(f"{path}.{key}" if key else path, message)


def _without_skipped(
    experiment: Experiment, complaints: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """What ``on_bad_image = "skip"`` leaves of the problems of training images."""
    faults = [message for _, message in complaints if isinstance(message, ImageFault)]
    train = experiment.data.train
    skips = train is not None and train.on_bad_image == "skip"
    if not faults or not skips or not can_be_skipped(faults):
        return complaints
    return [(key, message) for key, message in complaints if not isinstance(message, ImageFault)]


def _training_problems(experiment: Experiment, registry: Registry) -> Iterator[Problem]:
    if experiment.data.train is None:
        yield Problem("data.train", "required table is missing; it names the training images")
    train = experiment.train
    if known_batch_size(train) % train.accumulate:
        message = f"expected a divisor of batch_size = {train.batch_size}, found {train.accumulate}"
        yield Problem("train.accumulate", message)
    if train.precision == "float16" and train.device == "cpu":
        yield Problem("train.precision", 'float16 needs a GPU; use "bfloat16" on a CPU')
    yield from _batch_problems(experiment)
    yield from role_problems(experiment, registry)
    yield from parameter_problems(experiment, registry)
    yield from _frozen_problems(experiment)
    yield from need_problems(experiment, registry)
    yield from entry_problems(experiment, registry)
    yield from channel_problems(experiment, registry)
    yield from _name_problems(experiment)


def _frozen_problems(experiment: Experiment) -> Iterator[Problem]:
    """Losses inside other components that train something: only ``[[losses]]`` has optimizers."""
    own = {id(loss.selected) for loss in experiment.losses}
    for path, selected in selections(experiment):
        declared = option_capability(selected.options, "roles")
        if selected.component.kind != "loss" or id(selected) in own or declared is None:
            continue
        parts = ", ".join(declared())
        yield Problem(
            path,
            f'loss "{selected.type}" trains {parts}, which would stay frozen inside of another '
            "component; give it a table [[losses]] of its own",
        )


def _batch_problems(experiment: Experiment) -> Iterator[Problem]:
    """Whole images of several sizes cannot be stacked; a sampler may put equal ones together."""
    train = experiment.data.train
    if train is None or train.sampler is not None or experiment.train.batch_size == 1:
        return
    options = train.selected.options
    if not isinstance(options, CropOptions) or options.hr_patch_size is not None:
        return
    files = {size: it for it, size in upscaled_sizes(options, experiment.scale).items()}
    shown = [f"{width}x{height} ({file})" for (height, width), file in files.items()]
    if len(shown) == 1 and options.rotate and len({*next(iter(files))}) > 1:
        shown.append("the same turned, with rotate = true")
    if len(shown) > 1:
        message = "expected a size, since batches of whole images need images of one size; found "
        advice = "; or set train.batch_size = 1"
        yield Problem("data.train.hr_patch_size", f"{message}{' and '.join(shown[:2])}{advice}")


def _set_problems(experiment: Experiment) -> Iterator[Problem]:
    """Validation sets name files of the run, and their rows beside those of the training."""
    sets = experiment.data.validation
    for name in sets:
        complaint = name_complaint(name)
        if not complaint and name_key(name) == name_key(TRAINING_PHASE):
            complaint = f'"{name}" is what the training itself is called in metrics.csv'
        if complaint:
            yield Problem(f"data.validation.{name}", complaint)
    for first, second in same_names(sets):
        yield Problem(f"data.validation.{second}", f'would share its files with "{first}"')


def _name_problems(experiment: Experiment) -> Iterator[Problem]:
    for table in ("losses", "metrics", "handlers"):
        labels: set[str] = set()
        for index, entry in enumerate(getattr(experiment, table)):
            if entry.label in labels:
                message = f'two {table} are called "{entry.label}"; give one of them a name = "..."'
                yield Problem(f"{table}[{index}].name", message)
            labels.add(entry.label)
    yield from _set_problems(experiment)
