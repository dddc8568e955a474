"""Paths in experiments: do they exist, or will an earlier stage make them?"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from srcore.config.suggest import closest
from srcore.options import declaration_of, key_of
from srcore.selection import Selected

#: Paths that start so name the output of an earlier stage and exist only once it has run.
STAGE_PREFIX = "stage:"


def is_pending(path: Any) -> bool:
    """Whether a path names the output of a stage that may not have run yet."""
    return isinstance(path, Path) and str(path).startswith(STAGE_PREFIX)


def paths_of(value: Any, key: str = "") -> Iterator[tuple[str, Path]]:
    """All paths in an experiment or a part of it, with the dotted keys that hold them."""
    if isinstance(value, Path):
        yield key, value
    elif isinstance(value, Selected):
        yield from paths_of(value.options, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from paths_of(item, f"{key}.{name}")
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from paths_of(item, f"{key}[{index}]")
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            inner = key if field.name == "choice" else f"{key}.{key_of(field)}".lstrip(".")
            yield from paths_of(getattr(value, field.name), inner)


def inputs_of(value: Any, key: str = "") -> Iterator[tuple[str, Path, str]]:
    """Paths that must exist when the experiment is checked: key, path, ``file`` or ``folder``.

    A key that names several gives each as ``key[0]``, as the resolved file has them.
    """
    if isinstance(value, Selected):
        yield from inputs_of(value.options, key)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from inputs_of(item, f"{key}[{index}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from inputs_of(item, f"{key}.{name}")
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            item, wanted = getattr(value, field.name), declaration_of(field).path
            below = key if field.name == "choice" else f"{key}.{key_of(field)}".lstrip(".")
            if wanted is None:
                yield from inputs_of(item, below)
            else:
                yield from ((inner, path, wanted) for inner, path in paths_of(item, below))


def path_complaint(path: Path, wanted: str) -> str:
    """What is wrong with a path that should exist, or an empty string."""
    if is_pending(path):
        return ""
    state = state_of(path)
    if state == wanted or (wanted == "any" and state in ("file", "folder")):
        return ""
    what = "a file or folder" if wanted == "any" else f"a {wanted}"
    if state in ("file", "folder", "other"):
        state = "is not one"
    hint = closest(path.name, _neighbours(path)) if state == MISSING else ""
    return f"expected {what}; {path} {state}" + (f"; {hint}" if hint else "")


MISSING = "does not exist"


def state_of(path: Path) -> str:
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


def _neighbours(path: Path) -> list[str]:
    """Names beside a path that is missing; not of all files where there are very many."""
    try:
        with os.scandir(path.parent) as entries:
            return [entry.name for entry in itertools.islice(entries, 1000)]
    except OSError:
        return []
