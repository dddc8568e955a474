"""Tables that `srcore evaluate` prints and writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from srcore.cli.console import say
from srcore.cli.flags import File
from srcore.files.occupied import refuse_existing
from srcore.options import option

if TYPE_CHECKING:
    from srcore.evaluation.evaluating import SetResult
    from srcore.evaluation.measure import Measure


@attrs.frozen(kw_only=True)
class Tables:
    """Which tables are made of the values."""

    per_image: bool = option(False, "print the values of every image too")
    csv: File | None = option(None, "write a table as CSV")
    markdown: File | None = option(None, "write tables in Markdown")
    latex: File | None = option(None, "write tables in LaTeX")
    json_file: File | None = option(None, "write everything as JSON")
    json: bool = option(False, "print JSON instead of a table")

    @property
    def files(self) -> list[tuple[Path, str]]:
        """Files that are written, and what each holds."""
        named = {
            "csv": self.csv,
            "markdown": self.markdown,
            "latex": self.latex,
            "json": self.json_file,
        }
        return [(path, name) for name, path in named.items() if path is not None]

    def refuse_existing(self, *, overwrite: bool) -> None:
        """Refuse files that are there, unless they may be replaced."""
        refuse_existing([path for path, _ in self.files], overwrite=overwrite)

    def refuse_inputs(self, inputs: Sequence[Path]) -> None:
        """Refuse files that are read, and two tables in one."""
        from srcore.files.replacing import refuse_replacing, refuse_sharing

        refuse_sharing(self.files)
        refuse_replacing(inputs, [path for path, _ in self.files])

    def write(self, results: Sequence[SetResult], measures: Sequence[Measure]) -> None:
        """Write the files, say what was left out, print the table."""
        from srcore.evaluation.result_tables import as_csv, as_json, as_latex, as_markdown, as_text
        from srcore.files.atomic import write_bytes

        contents = {
            "csv": as_csv(results, measures),
            "markdown": as_markdown(results, measures),
            "latex": as_latex(results, measures),
            "json": as_json(results),
        }
        for path, name in self.files:
            write_bytes(path, contents[name].encode("utf-8", "surrogateescape"))
        for result in results:
            for row in result.rows:
                for note in row.notes:
                    say(f"srcore: {result.name}, {row.contender}: {note}", err=True)
        if self.json:
            click.echo(contents["json"], nl=False)
        else:
            click.echo(as_text(results, measures, per_image=self.per_image))
