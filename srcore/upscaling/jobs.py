"""What an upscaling job consists of: which files, and where their results go."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from string import Formatter

import attrs

from srcore.files.names import is_url
from srcore.files.replacing import file_key, refuse_replacing
from srcore.films.library import is_installed
from srcore.films.names import WRITTEN_IN_WORDS, film_suffix, is_written_film
from srcore.messages import some
from srcore.upscaling.finding import FoundImage, JobError, Search
from srcore.upscaling.inputs import InputImage, as_input, files_of_inputs
from srcore.upscaling.output import SAME, is_written, suffix_for
from srcore.upscaling.result_names import Named, distinct_names


@attrs.frozen
class Task:
    """One file to upscale.

    Attributes:
        source: the image or film; a path is that of a file.
        target: where the result goes.
        other: where it goes if the target turns out to be another input's result; None: nowhere.
    """

    source: InputImage = attrs.field(converter=as_input)
    target: Path
    other: Path | None = None

    @property
    def is_film(self) -> bool:
        """Whether the source is a film, by its name."""
        return self.source.is_film


@attrs.frozen
class Plan:
    """A job.

    Attributes:
        tasks: what is to be done.
        notes: what is left out or named otherwise than expected, one line each.
        unreadable: folders, shards and addresses that could not be looked into, and a line each
            that says why.
    """

    tasks: list[Task]
    notes: list[str]
    unreadable: list[tuple[Task, str]]


def plan(
    inputs: Sequence[str],
    output: str | None,
    *,
    recursive: bool,
    scale: float | str,
    image_format: str,
    overwrite: bool = False,
    listed: Sequence[str] = (),
) -> Plan:
    """Find the inputs and name their results.

    Args:
        inputs: files, folders, shards, addresses, or patterns such as ``"photos/*.jpg"``.
        output: file (for one input), folder, or template with ``{stem}``, ``{name}``, ``{suffix}``,
            ``{folder}`` and ``{scale}``; None: beside a file as ``<stem>_x<scale>``, and for a
            folder in ``<folder>_x<scale>``; shards and addresses need one. Inputs that would get
            the same name in a folder are told apart by their suffixes or folders.
        recursive: also take images and films in folders below.
        scale: for names: a factor, or another word for the size.
        image_format: a name of :func:`srcore.upscaling.output.format_names`, for names without a
            suffix, or ``"same"``: that of every input, PNG where it is only read.
        overwrite: outputs that exist are to be replaced; then none of them may be an input. Else
            an input that is another one's output is taken for the result of an earlier job.
        listed: further inputs, whose names are no patterns.

    Raises:
        JobError: nothing found, several inputs for one output file, no output for shards, a bad
            template, or two inputs with the same output.
        ReplacedInputError: an output is an input.
    """
    if output is not None and is_url(output):
        raise JobError(f"--output {output}: expected a place on this machine, found an address")
    search = Search(recursive, Path(output) if output else None, takes_films=is_installed())
    files = search.find(inputs, listed)
    if not files and not search.unreadable:
        left_out = "".join(f"; {note}" for note in search.notes)
        raise JobError(
            f"no images in {some([*inputs, *listed])}; expected files such as *.png, *.jpg"
            f"{left_out}"
        )
    notes = list(search.notes)
    single = _single_file(output, files)
    if single is not None:
        tasks = [Task(files[0].source, single)]
    elif output is not None and "{" in output:
        tasks = [
            Task(entry.source, _output_name(output, entry, scale, image_format)) for entry in files
        ]
    else:
        label = f"_{scale}" if isinstance(scale, str) else f"_x{scale:g}"
        wanted = [
            _single_target(entry, output, label, _suffix(image_format, entry)) for entry in files
        ]
        targets = distinct_names(wanted)
        tasks = [
            Task(named.source, target, named.plain if target != named.plain else named.with_suffix)
            for named, target in zip(wanted, targets, strict=True)
        ]
        notes += _unexpected_names(wanted, targets)
    if image_format == SAME and single is None:
        notes += _become_png(files)
    keys = {path: file_key(path) for path in files_of_inputs(task.source for task in tasks)}
    _refuse_equal_targets(tasks, keys)
    if overwrite:
        refuse_replacing(keys, (task.target for task in tasks))
    # A repeated job must not take the results of the first one for inputs.
    made = {file_key(task.target) for task in tasks}
    tasks = [it for it in tasks if it.source.file is None or keys[it.source.file] not in made]
    unreadable = [
        (Task(source, source.file or Path(output or "")), line)
        for source, line in search.unreadable
    ]
    return Plan(tasks, notes, unreadable)


def _single_file(output: str | None, files: Sequence[FoundImage]) -> Path | None:
    """The output if it names one image file rather than a folder or a template."""
    if output is None or "{" in output or os.path.isdir(output) or output.endswith(("/", "\\")):
        return None
    if not Path(output).suffix:
        return None
    is_film = bool(files) and files[0].source.is_film
    if not (is_written_film if is_film else is_written)(Path(output)):
        known = WRITTEN_IN_WORDS if is_film else ".png, .jpg, .webp or .tif"
        raise JobError(
            f"--output {output}: unknown {'film' if is_film else 'image'} format; use {known}, or "
            "end the name of a folder with /"
        )
    if len(files) > 1:
        raise JobError(
            f"--output {output}: one file for {len(files)} inputs; name a folder, or a template "
            "such as 'out/{stem}.png'"
        )
    return Path(output)


def _single_target(entry: FoundImage, output: str | None, label: str, suffix: str) -> Named:
    """Where a result goes if it is alone."""
    source = entry.source
    if output is not None:
        return Named(source, Path(output) / entry.below, suffix)
    if entry.root is None:
        return Named(source, Path(source.path.parent), label + suffix)
    root = Path(entry.root) if entry.root.name else Path(entry.root).resolve()
    return Named(source, root.with_name(root.name + label) / entry.below, suffix)


def _unexpected_names(wanted: Sequence[Named], targets: Sequence[Path]) -> list[str]:
    """A line about inputs whose results do not have the names that were to be expected."""
    changed = [
        f"{named.source} -> {target}"
        for named, target in zip(wanted, targets, strict=True)
        if target != named.plain
    ]
    if not changed:
        return []
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return [f"inputs of equal names are told apart: {', '.join(changed[:_SHOWN])}{more}"]


def _become_png(files: Sequence[FoundImage]) -> list[str]:
    """A line about inputs of formats that are only read."""
    images = [entry.source.path for entry in files if not entry.source.is_film]
    suffixes = {path.suffix.lower() for path in images if not is_written(path)} - {""}
    return [f"{', '.join(sorted(suffixes))} is only read: written as PNG"] if suffixes else []


_SHOWN = 4


def _output_name(template: str, entry: FoundImage, scale: float | str, image_format: str) -> Path:
    path = entry.source.path
    fields = {
        "stem": path.stem,
        "name": path.name,
        "suffix": path.suffix.lstrip("."),
        "folder": str(path.parent),
        "scale": scale if isinstance(scale, str) else f"{scale:g}",
    }
    target = Path(_formatted(template, fields))
    is_whole = is_written_film(target) if entry.source.is_film else is_written(target)
    return target if is_whole else target.with_name(target.name + _suffix(image_format, entry))


def _suffix(image_format: str, entry: FoundImage) -> str:
    path = entry.source.path
    return film_suffix(path) if entry.source.is_film else suffix_for(image_format, path)


def _formatted(template: str, fields: Mapping[str, str]) -> str:
    """Fill in plain fields; format specifications and attributes mean nothing in a file's name."""
    parts = []
    try:
        for literal, field, specification, conversion in Formatter().parse(template):
            if field is not None and (field not in fields or specification or conversion):
                raise ValueError(f"{{{field}{':' if specification else ''}{specification}}}")
            parts += [literal, fields[field] if field is not None else ""]
    except ValueError as error:
        raise JobError(
            f"--output {template}: bad template ({error}); fields are "
            f"{', '.join(f'{{{name}}}' for name in fields)}"
        ) from None
    return "".join(parts)


def _refuse_equal_targets(tasks: Sequence[Task], keys: Mapping[Path, Hashable]) -> None:
    taken: dict[Hashable, Task] = {}
    for task in tasks:
        key = file_key(task.target)
        if task.source.file is not None and key == keys[task.source.file]:
            raise JobError(
                f"{task.source} would be replaced by its own result; name another folder"
            )
        other = taken.setdefault(key, task)
        if other is not task:
            raise JobError(
                f"{other.source} and {task.source} would both become {task.target}; use a template "
                "such as --output 'out/{stem}_{suffix}.png'"
            )
