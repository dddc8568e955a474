"""Everything a user can cause; the command line prints these plainly and lets bugs escape."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from srcore.messages import one_line, shortened


class SrcoreError(Exception):
    """Base of all expected failures: the message is one line that says what to do."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Kinds with arguments of their own come back from other processes as they were, too."""
        return _remade, (type(self), self.args, self.__dict__)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is printed: one line for each problem, whatever the values in it hold."""
        return (one_line(str(self)),)


def _remade(kind: type[SrcoreError], args: tuple[Any, ...], state: dict[str, Any]) -> SrcoreError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class DataError(SrcoreError):
    """An image, folder or database cannot be used as it is."""


class WeightsError(SrcoreError):
    """A weights file cannot be read or does not fit the network."""


class PluginError(SrcoreError):
    """A plugin is broken, duplicated, misspelt or missing."""

    exit_code = 2


class NoRunError(SrcoreError):
    """A folder that was named as that of a run holds none."""

    exit_code = 2


class MissingExtraError(SrcoreError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str, distribution: str = "srcore") -> None:
        super().__init__(f"{what} needs an optional package: pip install '{distribution}[{extra}]'")


class RandomWeightsWarning(UserWarning):
    """A network that should be pretrained has random weights, as asked for; shown in every run."""


class DeprecatedHookWarning(FutureWarning):
    """A plugin implements a hook that goes away; names the plugin's distribution and version."""


class Interrupted(SrcoreError):  # noqa: N818 - a signal is not an error
    """A run stopped on SIGINT, SIGTERM or SIGHUP after saving its state."""

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


@attrs.frozen
class Problem:
    """One thing wrong with an experiment.

    Attributes:
        path: dotted path that ends at the offending key, such as ``generator.num_blocks``.
        message: what was expected, what was found and what to do.
        source: where the key was written: a file, ``--set``, or empty.
    """

    path: str
    message: str
    source: str = ""

    def __str__(self) -> str:
        return one_line(": ".join(part for part in self._parts() if part))

    def _parts(self) -> tuple[str, ...]:
        return shortened(self.source, 250), shortened(self.path, 250), self.message

    def below(self, prefix: str) -> Problem:
        """The same problem seen from the table that holds ``prefix``."""
        joiner = "" if not self.path or self.path.startswith("[") else "."
        return attrs.evolve(self, path=f"{prefix}{joiner}{self.path}")


class ConfigError(SrcoreError):
    """An experiment that cannot run; carries every problem found, one of several stages once."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple({str(problem): problem for problem in problems}.values())
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each problem."""
        return tuple(str(problem) for problem in self.problems)


def line_about(path: object, error: Exception) -> str:
    """What went wrong with one file of many, in one line that names it.

    Args:
        path: the file, or what else is its name as a text.
        error: what went wrong.
    """
    if isinstance(error, SrcoreError):
        text = " ".join(str(error).split())
        return text if str(path) in text else f"{path}: {text}"
    if isinstance(error, MemoryError):
        return f"{path}: not enough memory: {' '.join(str(error).split())}".removesuffix(": ")
    return f"{path}: {cause(error)}"


#: Folders of what imports modules and entry points; the second is a backport that others bring.
_IMPORTING = {"importlib", "importlib_metadata"}


def cause(error: BaseException) -> str:
    """An unexpected error in one line: type, message, and where in a plugin it came from.

    The place is the last one on the way that is neither srcore's own nor Python's import machinery:
    what whoever wrote the plugin looks for.
    """
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
    ours, place, step = str(Path(__file__).parent), "", error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if not (file.startswith(("<", ours)) or _IMPORTING.intersection(Path(file).parts)):
            place = f" ({'/'.join(Path(file).parts[-2:])}, line {step.tb_lineno})"
        step = step.tb_next
    return text + place


def first_line(error: BaseException | None) -> str:
    r"""What an exception says, for a message of one line: its first line, or what it is called.

    >>> first_line(ValueError("no room\n  at frame 3"))
    'no room'
    >>> first_line(ValueError())
    'ValueError'
    """
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
