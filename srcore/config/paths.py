"""Paths in experiments: do they exist, or will an earlier stage make them?"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from srcore.models.addressed_path import complaint_about
from srcore.options import Selected
from srcore.options.declaration import declaration_of, is_inline, key_of
from srcore.suggest import closest

#: Paths that start so name the output of an earlier stage and exist only once it has run.
STAGE_PREFIX = "stage:"


def is_pending(path: Any) -> bool:
    """Whether a path names the output of a stage that may not have run yet."""
    return isinstance(path, Path) and str(path).startswith(STAGE_PREFIX)


def below(value: Any, key: str = "") -> Iterator[tuple[str, Any, str]]:
    """What a value of an experiment holds, one step down.

    Yields:
        Dotted key, item, and what the item must name as a path (``file``, ``folder``, ``any``);
        empty where nothing is asked. Nothing for plain values.
    """
    if isinstance(value, Selected):
        yield key, value.options, ""
    elif isinstance(value, dict):
        yield from ((f"{key}.{name}", item, "") for name, item in value.items())
    elif isinstance(value, (tuple, list)):
        yield from ((f"{key}[{index}]", item, "") for index, item in enumerate(value))
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            inner = key if is_inline(field) else f"{key}.{key_of(field)}".lstrip(".")
            yield inner, getattr(value, field.name), declaration_of(field).path or ""


def paths_of(value: Any, key: str = "") -> Iterator[tuple[str, Path]]:
    """All paths in an experiment or a part of it, with the dotted keys that hold them."""
    if isinstance(value, Path):
        yield key, value
    for inner, item, _ in below(value, key):
        yield from paths_of(item, inner)


def inputs_of(value: Any, key: str = "") -> Iterator[tuple[str, Path, str]]:
    """Paths that must exist when the experiment is checked: key, path, ``file`` or ``folder``.

    A key that names several gives each as ``key[0]``, as the resolved file has them.
    """
    for inner, item, wanted in below(value, key):
        if wanted:
            yield from ((name, path, wanted) for name, path in paths_of(item, inner))
        else:
            yield from inputs_of(item, inner)


def path_complaint(path: Path, wanted: str) -> str:
    """What is wrong with a path that should exist, or an empty string."""
    if is_pending(path):
        return ""
    complaint = complaint_about(path)
    if complaint:
        return complaint
    state = what_is_there(path)
    if state == wanted or (wanted == "any" and state in ("file", "folder")):
        return ""
    what = "a file or folder" if wanted == "any" else f"a {wanted}"
    if state in ("file", "folder", "other"):
        state = "is not one"
    hint = closest(path.name, neighbors(path)) if state == MISSING else ""
    return f"expected {what}; {path} {state}" + (f"; {hint}" if hint else "")


MISSING = "does not exist"


def what_is_there(path: Path) -> str:
    """``file``, ``folder``, ``other`` (a pipe, a device), or why there is nothing to use.

    Unlike :meth:`pathlib.Path.is_file` it never raises, whatever the path is.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError as error:  # no permission, a name that is too long, a loop of links
        return f"cannot be used: {error.strerror}"
    except ValueError:  # a null character
        return "cannot be used: no file has such a name"
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else "other"


def paths_beside(path: Path) -> list[str]:
    """Other paths in the folder of one, written like it."""
    return [str(path.parent / name) for name in neighbors(path) if name != path.name]


def neighbors(path: Path) -> list[str]:
    """Names beside a path that is missing; not of all files where there are very many."""
    try:
        with os.scandir(path.parent) as entries:
            return [entry.name for entry in itertools.islice(entries, 1000)]
    except OSError:
        return []


def inputs_are_there(options: Any) -> bool:
    """Whether all files and folders that options name can be opened now."""
    return not any(
        is_pending(path) or path_complaint(path, wanted) for _, path, wanted in inputs_of(options)
    )
