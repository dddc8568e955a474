"""What a finished run gives to a program: where it lies, what it measured, what it made."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import attrs

from srcore.messages import shown
from srcore.report.curves import training_charts, validation_charts
from srcore.report.page import page_of
from srcore.report.reading import RunRecord, read_run
from srcore.runs.columns import folders_by_stage, read_metrics
from srcore.runs.folder import RunFolder

#: Colors of curves; those of the report follow the light or dark look of its page.
_COLORS = ("#2a78d6", "#e0702a", "#2a9d5c", "#c2409f", "#8a6d1f", "#6554c0", "#0f93a8", "#c33a3a")


@attrs.frozen
class RunResult:
    """A run that has ended; ``print`` shows its table, a notebook its curves too.

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> result = srcore.run({
    ...     "name": "tiny", "scale": 2, "losses": [{"type": "l1"}],
    ...     "generator": {"type": "edsr", "num_features": 8, "num_blocks": 1},
    ...     "train": {"iterations": 1, "batch_size": 2, "device": "cpu", "tensorboard": False},
    ...     "data": {"train": {"type": "hr_folder", "hr": images, "hr_patch_size": 32,
    ...                        "workers": 0}},
    ... }, folder / "runs")
    >>> result.last.name, result.metrics["iteration"]
    ('generator.safetensors', [1])

    Attributes:
        folder: of the run.
        table: what ``srcore run`` prints at the end: every stage beside bicubic enlargement.
    """

    folder: Path
    table: str

    @property
    def stages(self) -> dict[str, Path]:
        """Folders of the stages by name, in their order; without stages the run's, named ``""``."""
        return folders_by_stage(self.folder)

    @property
    def metrics(self) -> dict[str, list[Any]]:
        """All that was measured, in columns: see :func:`srcore.read_metrics`."""
        return read_metrics(self.folder)

    @property
    def last(self) -> Path | None:
        """The trained generator of the last stage that has one, after its last iteration."""
        return self._weights(RunFolder.generator)

    @property
    def best(self) -> Path | None:
        """The same of the best validation; None where no validation chose one."""
        return self._weights(RunFolder.best_generator)

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Pictures of the last validation that wrote some."""
        return next((it.pictures for it in reversed(self._records()) if it.pictures), ())

    def _records(self) -> list[RunRecord]:
        return read_run(self.folder)

    def _weights(self, name: str) -> Path | None:
        files = (folder / name for folder in reversed(self.stages.values()))
        return next((file for file in files if file.is_file()), None)

    def __str__(self) -> str:
        return self.table

    def _repr_html_(self) -> str:
        """The table and the curves, for notebooks."""
        records = [record for record in self._records() if record.started]
        charts = validation_charts(records) + training_charts(records)
        return page_of(
            "notebook.html.jinja",
            title=records[0].name if records else self.folder.name,
            folder=self.folder,
            table=self.table,
            charts=charts,
            colors=_COLORS,
        )

    def __getattr__(self, name: str) -> Any:
        """What a text can do: results were the table alone in 0.1."""
        if name.startswith("_") or not hasattr(str, name):
            raise AttributeError(f"{type(self).__name__} has no attribute {shown(name)}")
        text = f"srcore.run returns a RunResult since 0.2; use result.table.{name}"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return getattr(self.table, name)
