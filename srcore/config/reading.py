"""From TOML files to one merged table: ``extends``, overrides, and where every key came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from srcore.config.given_tables import ORIGIN, given_table
from srcore.config.merging import merge_into
from srcore.config.overrides import override, parse_keys, parse_override
from srcore.config.paths import paths_beside, what_is_there
from srcore.errors import ConfigError, Problem
from srcore.files.texts import decode_text
from srcore.files.toml import MAX_BYTES, MalformedTomlError, excesses
from srcore.files.toml import parse_toml as parse_toml
from srcore.messages import shown
from srcore.plugin.known import comes_with, known_components
from srcore.plugin.registry import Registry

_EXTENDS_LIMIT = 16


class SourcedText(str):
    """A string of a TOML file that knows the folder which relative paths in it start from."""

    __slots__ = ("base",)
    base: Path

    def __new__(cls, text: str, base: Path) -> SourcedText:
        """Attach ``base`` to ``text``."""
        self = super().__new__(cls, text)
        self.base = base
        return self

    def __getnewargs__(self) -> tuple[str, Path]:  # type: ignore[override]  # what __new__ takes
        """Copies and pickles keep the folder."""
        return str(self), self.base


@attrs.frozen
class Source:
    """A merged table and the origin of its keys.

    Attributes:
        table: nested dictionaries and lists as TOML has them; strings are :class:`SourcedText`.
        origins: dotted path -> file or ``--set`` that wrote the key last.
        path: the file that was asked for.
        files: it and those that it extends.
    """

    table: dict[str, Any]
    origins: dict[str, str]
    path: Path
    files: tuple[Path, ...] = ()

    def origin(self, path: str) -> str:
        """Origin of a key, or of the nearest table above it."""
        written = self.written(path)
        return self.origins[written] if written else display(self.path)

    def written(self, path: str) -> str:
        """A key, or the nearest table above it, that something wrote; empty if nothing did."""
        while path and path not in self.origins:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return path


#: A file, the name of a shipped experiment, or the table that a file would hold.
Readable = str | Path | Mapping[str, Any]
#: ``table.key=value`` assignments, or values by dotted key.
Overrides = Iterable[str] | Mapping[str, Any]


def read_experiment(path: Readable, registry: Registry, overrides: Overrides = ()) -> Source:
    """Read an experiment: a file, or the name of a shipped experiment such as ``ldl/rrdb_x4``.

    Args:
        path: TOML file, name of a shipped experiment, or a table, whose relative paths start from
            the working directory.
        registry: knows the shipped experiments.
        overrides: ``table.key=value`` assignments, see :mod:`srcore.config.overrides`, or values
            by dotted key.

    Raises:
        ConfigError: missing file, malformed TOML (line and column), a circular ``extends``, or a
            malformed override.
    """
    files: list[Path] = []
    if isinstance(path, Mapping):
        file, name = Path(ORIGIN), "experiment"
        table, origins = _extended(given_table(path), file, Path.cwd(), files, registry)
    else:
        file = locate(path, registry)
        name = file.stem
        table, origins = _read_extended(file, _base_of(file, registry), files, registry)
    _override_all(table, overrides, origins)
    if table.get("name", "") == "":
        table["name"] = SourcedText(name, file.parent)
    return Source(table, origins, file, tuple(files))


def _override_all(table: dict[str, Any], overrides: Overrides, origins: dict[str, str]) -> None:
    """Write all overrides into the table; what is wrong with any of them is told at once."""
    given = given_table(overrides).items() if isinstance(overrides, Mapping) else overrides
    wrong: list[Problem] = []
    for assignment in given:
        try:
            if isinstance(assignment, str):
                origin = f"--set {assignment}"
                keys, value = parse_override(assignment)
            else:
                origin, (dotted, value) = "overrides", assignment
                keys = parse_keys(dotted)
            override(table, keys, _sourced(value, Path.cwd()), origins, origin)
        except ConfigError as error:
            wrong += error.problems
    if wrong:
        raise ConfigError(wrong)


def locate(path: str | Path, registry: Registry) -> Path:
    """The file behind a path or the name of a shipped experiment.

    Raises:
        ConfigError: neither is there; offers the closest name.
    """
    text = str(path)
    if what_is_there(Path(text)) == "file":
        return Path(text)
    shipped = registry.experiments()
    if text in shipped:
        return shipped[text][0]
    from srcore.suggest import closest

    known = [*shipped, *paths_beside(Path(text))]
    hint = closest(text, known) or "srcore new lists those that are shipped"
    prefix = text.split("/")[0]
    bringer = known_components().get("experiment", {}).get(prefix)
    if bringer and "/" in text and not any(name.startswith(f"{prefix}/") for name in shipped):
        hint = comes_with(bringer)
    raise ConfigError([Problem("", f"no such file or shipped experiment; {hint}", text)])


def display(path: Path) -> str:
    """A path as messages show it: relative to the working directory where that is shorter."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def parse_experiment(file: Path) -> dict[str, Any]:
    """Parse one TOML file; errors carry line and column.

    Raises:
        ConfigError: it cannot be read, is no TOML, or holds too much.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        content = parse_toml(_decode_experiment(raw))
    except MalformedTomlError as error:
        raise ConfigError([Problem("", str(error), display(file))]) from None
    except UnicodeDecodeError as error:
        message = f"not {error.encoding.upper()} text (byte {error.start}); is it a TOML file?"
        raise ConfigError([Problem("", message, display(file))]) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise ConfigError([Problem("", message, display(file))]) from None
    problems = [attrs.evolve(problem, source=display(file)) for problem in excesses(content)]
    if problems:
        raise ConfigError(problems)
    return content


def _decode_experiment(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise MalformedTomlError(f"more than {MAX_BYTES >> 10} KiB; is it an experiment?")
    return decode_text(content).replace("\r\n", "\n")


def _read_extended(
    file: Path, base: Path, seen: list[Path], registry: Registry
) -> tuple[dict[str, Any], dict[str, str]]:
    if file.resolve() in seen or len(seen) > _EXTENDS_LIMIT:
        chain = " -> ".join(display(path) for path in (*seen, file))
        raise ConfigError([Problem("extends", f"circular: {chain}", display(file))])
    seen.append(file.resolve())
    return _extended(parse_experiment(file), file, base, seen, registry)


def _extended(
    content: dict[str, Any], file: Path, base: Path, seen: list[Path], registry: Registry
) -> tuple[dict[str, Any], dict[str, str]]:
    table: dict[str, Any] = {}
    origins: dict[str, str] = {}
    parent = content.pop("extends", None)
    if parent is not None:
        if not isinstance(parent, str):
            message = f"expected a file or the name of a shipped experiment, found {shown(parent)}"
            raise ConfigError([Problem("extends", message, display(file))])
        beside = file.parent / parent
        try:
            target = beside if what_is_there(beside) == "file" else locate(parent, registry)
        except ConfigError as error:
            problem = error.problems[0]
            message = f"{problem.source}: {problem.message}"
            raise ConfigError([Problem("extends", message, display(file))]) from None
        # Paths written in a shipped experiment start from the file that extends it.
        parent_base = base if _is_shipped(target, registry) else target.resolve().parent
        table, origins = _read_extended(target, parent_base, seen, registry)
    merge_into(table, _sourced(content, base), origins, display(file))
    return table, origins


def _base_of(file: Path, registry: Registry) -> Path:
    return Path.cwd() if _is_shipped(file, registry) else file.resolve().parent


def _is_shipped(file: Path, registry: Registry) -> bool:
    return file.resolve() in {path.resolve() for path, _ in registry.experiments().values()}


def _sourced(value: Any, base: Path) -> Any:
    if isinstance(value, dict):
        return {key: _sourced(item, base) for key, item in value.items()}
    if isinstance(value, list):
        return [_sourced(item, base) for item in value]
    return SourcedText(value, base) if isinstance(value, str) else value
