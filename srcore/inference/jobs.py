"""What an upscaling job consists of: which files, and where their results go."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from srcore.errors import SrcoreError
from srcore.images import is_image_name, natural_key
from srcore.inference.output import FORMATS


class JobError(SrcoreError):
    """A job that cannot start as it was asked for."""

    exit_code = 2


@attrs.frozen
class Task:
    """One file to upscale.

    Attributes:
        source: the image.
        target: where the result goes.
    """

    source: Path
    target: Path


@attrs.frozen
class Found:
    """An input file and the folder that it was found through (None: named itself)."""

    path: Path
    root: Path | None = None

    @property
    def below(self) -> Path:
        """Its folder relative to the one that was named."""
        return self.path.relative_to(self.root).parent if self.root is not None else Path()


def plan(
    inputs: Sequence[str], output: str | None, *, recursive: bool, scale: float, image_format: str
) -> list[Task]:
    """Find the inputs and name their results.

    Args:
        inputs: files, folders, or patterns such as ``"photos/*.jpg"``.
        output: file (for one input), folder, or template with ``{stem}``, ``{name}``, ``{suffix}``,
            ``{folder}`` and ``{scale}``; None: beside a file as ``<stem>_x<scale>``, and for a
            folder in ``<folder>_x<scale>``.
        recursive: also take images in folders below.
        scale: for names.
        image_format: one of :data:`srcore.inference.output.FORMATS`, for names without a suffix.

    Raises:
        JobError: nothing found, several inputs for one output file, a bad template, or two inputs
            with the same output.
    """
    suffix = FORMATS[image_format]
    found = list(_find(inputs, recursive, Path(output) if output else None))
    if not found:
        raise JobError(f"no images in {', '.join(inputs)}; expected files such as *.png, *.jpg")
    single = _single_file(output, found)
    tasks = [Task(entry.path, single or _target(entry, output, scale, suffix)) for entry in found]
    _refuse_collisions(tasks)
    # A repeated job must not take the results of the first one for inputs.
    targets = {task.target.absolute() for task in tasks}
    return [task for task in tasks if task.source.absolute() not in targets]


def _find(inputs: Sequence[str], recursive: bool, output: Path | None) -> Iterable[Found]:
    seen: set[Path] = set()
    for name in inputs:
        for entry in _matches(name, recursive):
            inside = output is not None and output.is_dir() and output in entry.path.parents
            if entry.path in seen or (inside and entry.root is not None and output != entry.root):
                continue
            seen.add(entry.path)
            yield entry


def _matches(name: str, recursive: bool) -> list[Found]:
    path = Path(name)
    if path.is_dir():
        entries = path.rglob("*") if recursive else path.iterdir()
        images = [entry for entry in entries if is_image_name(entry) and entry.is_file()]
        images.sort(key=lambda entry: natural_key(entry.relative_to(path).as_posix()))
        return [Found(entry, path) for entry in images]
    if path.exists() or not glob.has_magic(name):
        # A missing file is reported when its turn comes, and the others are done.
        return [Found(path)]
    matches = sorted(glob.glob(name, recursive=True), key=natural_key)
    return [Found(Path(match)) for match in matches if is_image_name(Path(match))]


def _single_file(output: str | None, found: Sequence[Found]) -> Path | None:
    """The output if it names one image file rather than a folder or a template."""
    if output is None or "{" in output or Path(output).is_dir() or output.endswith(("/", "\\")):
        return None
    if not Path(output).suffix:
        return None
    if not is_image_name(Path(output)):
        raise JobError(
            f"--output {output}: unknown image format; use .png, .jpg, .webp or .tif, or end the "
            "name of a folder with /"
        )
    if len(found) > 1:
        raise JobError(
            f"--output {output}: one file for {len(found)} inputs; name a folder, or a template "
            "such as 'out/{stem}.png'"
        )
    return Path(output)


def _target(entry: Found, output: str | None, scale: float, suffix: str) -> Path:
    path, label = entry.path, f"x{scale:g}"
    if output is None:
        if entry.root is None:
            return path.with_name(f"{path.stem}_{label}{suffix}")
        root = entry.root if entry.root.name else entry.root.resolve()
        return root.with_name(f"{root.name}_{label}") / entry.below / f"{path.stem}{suffix}"
    if "{" not in output:
        return Path(output) / entry.below / f"{path.stem}{suffix}"
    fields = {
        "stem": path.stem,
        "name": path.name,
        "suffix": path.suffix.lstrip("."),
        "folder": str(path.parent),
        "scale": f"{scale:g}",
    }
    try:
        target = Path(output.format(**fields))
    except (KeyError, IndexError, ValueError) as error:
        raise JobError(
            f"--output {output}: bad template ({error}); fields are "
            f"{', '.join(f'{{{name}}}' for name in fields)}"
        ) from None
    return target if is_image_name(target) else target.with_name(target.name + suffix)


def _refuse_collisions(tasks: Sequence[Task]) -> None:
    taken: dict[Path, Task] = {}
    for task in tasks:
        if task.target.absolute() == task.source.absolute():
            raise JobError(
                f"{task.source} would be replaced by its own result; name another folder"
            )
        other = taken.setdefault(task.target.absolute(), task)
        if other is not task:
            raise JobError(
                f"{other.source} and {task.source} would both become {task.target}; use a template "
                "such as --output 'out/{stem}_{suffix}.png'"
            )
