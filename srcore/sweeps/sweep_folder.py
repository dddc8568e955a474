"""What lies where in the folder of a sweep, beside the folders of its trials."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.files.atomic import is_temporary
from srcore.files.occupied import OccupiedError
from srcore.runs.folder import RunFolder


@attrs.frozen
class SweepFolder:
    """The folder of a sweep: ``OUTPUT/<name>_sweep``.

    Attributes:
        path: the folder.
    """

    path: Path

    @classmethod
    def of(cls, output: Path, name: str) -> SweepFolder:
        """That of an experiment in a folder of runs."""
        return cls(output / f"{name}_sweep")

    @property
    def state(self) -> Path:
        """Which trials there are, and how they ended."""
        return self.path / "sweep.json"

    @property
    def report(self) -> Path:
        """The page about all trials."""
        return self.path / RunFolder.report

    @property
    def best(self) -> Path:
        """The experiment of the best trial."""
        return self.path / "best.toml"

    def trial(self, number: int) -> Path:
        """The run of a trial."""
        return self.path / trial_name(number)

    def said(self, number: int) -> Path:
        """What the process of a trial printed."""
        return self.path / "said" / f"{trial_name(number)}.txt"

    def refuse_other_content(self) -> None:
        """Refuse a folder that holds something else than a sweep.

        Raises:
            OccupiedError: it does.
        """
        if self.state.is_file() or not self.path.exists():
            return
        is_free = self.path.is_dir() and all(
            it.name == RunFolder.lock or is_temporary(it) for it in self.path.iterdir()
        )
        if not is_free:
            raise OccupiedError(
                f"{self.path}: exists and is not a sweep of srcore; choose another name with "
                "--set name=..."
            )


def trial_name(number: int) -> str:
    """Name of a trial and of its run.

    >>> trial_name(7)
    'trial_0007'
    """
    return f"trial_{number:04d}"
