"""Results of an evaluation as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from srcore.evaluation.evaluating import PROTOCOL, SetResult
from srcore.evaluation.interpolation import INTERPOLATIONS
from srcore.evaluation.measure import Measure
from srcore.files.text_tables import aligned, markdown

_MEAN = "mean"


def protocol_of_results(results: Sequence[SetResult]) -> str:
    """How the figures were made, for the head of a table."""
    borders = sorted({result.crop_border for result in results})
    if all(result.crop_border == result.scale for result in results) and any(borders):
        border = "as many pixels as the scale"
    else:
        border = f"{' or '.join(map(str, borders))} pixels"
    rows = {row.contender for result in results for row in result.rows}
    known = [f"{name}: {text}" for name, text in INTERPOLATIONS.items() if name in rows]
    return "; ".join([PROTOCOL.format(border=border), *known])


def _titled(result: SetResult) -> str:
    return f"{result.name} x{result.scale}" if result.scale else result.name


def as_text(
    results: Sequence[SetResult], measures: Sequence[Measure], *, per_image: bool = False
) -> str:
    """A table for the terminal; with ``per_image`` a line for every image too."""
    lines = [protocol_of_results(results)]
    for result in results:
        count = len(result.images)
        images = f"{count} image{'s' if count > 1 else ''}"
        lines += ["", f"{_titled(result)}, {images}, {result.origin}"]
        head = ["", *(_column_head(measure) for measure in measures)]
        table = [head, *_table_rows(result, measures, per_image=per_image)]
        lines += [f"  {line}" for line in aligned(table, left=1)]
    return "\n".join(lines)


def as_markdown(results: Sequence[SetResult], measures: Sequence[Measure]) -> str:
    """Means of all sets in one table per scale, then one table of all images per set."""
    lines = [protocol_of_results(results) + "."]
    for scale in sorted({result.scale for result in results}):
        group = [result for result in results if result.scale == scale]
        names = list(dict.fromkeys(row.contender for result in group for row in result.rows))
        slash = " / ".join(measure.label for measure in measures)
        lines += ["", f"## x{scale}: {slash}" if scale else f"## {slash}", ""]
        head = ["", *(f"{result.name} ({len(result.images)})" for result in group)]
        rows = [[name, *_cells(name, group, measures)] for name in names]
        lines += markdown(head, rows, left=1)
    for result in results:
        lines += ["", f"## {_titled(result)}, image by image ({result.origin})", ""]
        head = ["", *(_column_head(measure) for measure in measures)]
        lines += markdown(head, _table_rows(result, measures, per_image=True), left=1)
    return "\n".join(lines) + "\n"


def as_latex(results: Sequence[SetResult], measures: Sequence[Measure]) -> str:
    """Means of all sets, one ``tabular`` per scale; the best value of a column is bold."""
    lines = [f"% {protocol_of_results(results)}"]
    for scale in sorted({result.scale for result in results}):
        group = [result for result in results if result.scale == scale]
        names = list(dict.fromkeys(row.contender for result in group for row in result.rows))
        columns = [(result, measure) for result in group for measure in measures]
        lines += [f"\\begin{{tabular}}{{l{'r' * len(columns)}}}", "\\hline"]
        wide = f"\\multicolumn{{{len(measures)}}}{{c}}"
        title = f"$\\times {scale}$" if scale else ""
        sets = [f"{wide}{{{_escaped(result.name)}}}" for result in group]
        heads = [
            f"{_escaped(measure.label)} $\\{'up' if measure.higher_is_better else 'down'}arrow$"
            for _, measure in columns
        ]
        rows = [[title, *sets], ["", *heads]]
        best = [_best(result, measure) for result, measure in columns]
        for name in names:
            cells = [_cell(name, *column, top) for column, top in zip(columns, best, strict=True)]
            rows.append([_escaped(name), *cells])
        written = [f"{' & '.join(row)} \\\\" for row in rows]
        lines += [*written[:2], "\\hline", *written[2:], "\\hline", "\\end{tabular}"]
    return "\n".join(lines) + "\n"


def _best(result: SetResult, measure: Measure) -> float:
    values = [row.totals[it] for row in result.rows if (it := measure.label) in row.totals]
    best = max if measure.higher_is_better else min
    return best(values, default=math.nan)


def _cell(contender: str, result: SetResult, measure: Measure, best: float) -> str:
    for row in result.rows:
        if row.contender == contender:
            text = _number_cell(row.totals.get(measure.label))
            return f"\\textbf{{{text}}}" if row.totals.get(measure.label) == best else text
    return ""


def _escaped(text: str) -> str:
    return re.sub(r"([_&%#$])", r"\\\1", text)


def as_csv(results: Sequence[SetResult], measures: Sequence[Measure]) -> str:
    """One line per set, model and image, and one with ``mean`` for the whole set."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    labels = [measure.label for measure in measures]
    writer.writerow(["set", "scale", "model", "image", *labels])
    for result in results:
        for row in result.rows:
            for index, image in enumerate(result.images):
                values = [row.values[it][index] if it in row.values else "" for it in labels]
                writer.writerow([result.name, result.scale, row.contender, image, *values])
            totals = [row.totals.get(label, "") for label in labels]
            writer.writerow([result.name, result.scale, row.contender, _MEAN, *totals])
    return buffer.getvalue()


def as_json(results: Sequence[SetResult]) -> str:
    """Everything; an infinite PSNR (identical images) is the string ``"inf"``."""
    content = {
        "protocol": protocol_of_results(results),
        "sets": [
            {
                "name": result.name,
                "scale": result.scale,
                "origin": result.origin,
                "crop_border": result.crop_border,
                "images": result.images,
                "models": [
                    {
                        "name": row.contender,
                        "mean": row.totals,
                        "per_image": row.values,
                        "notes": row.notes,
                    }
                    for row in result.rows
                ],
            }
            for result in results
        ],
    }
    return json.dumps(_without_infinities(content), indent=2) + "\n"


def _without_infinities(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_infinities(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_infinities(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _table_rows(
    result: SetResult, measures: Sequence[Measure], *, per_image: bool
) -> Iterator[list[str]]:
    labels = [measure.label for measure in measures]
    if per_image:
        for index, image in enumerate(result.images):
            for row in result.rows:
                values = [
                    _number_cell(row.values[x][index]) if x in row.values else "" for x in labels
                ]
                yield [f"{image} {row.contender}", *values]
    for row in result.rows:
        name = f"{_MEAN} {row.contender}" if per_image else row.contender
        yield [name, *(_number_cell(row.totals.get(label)) for label in labels)]


def _cells(
    contender: str, results: Sequence[SetResult], measures: Sequence[Measure]
) -> Iterator[str]:
    for result in results:
        rows = [row for row in result.rows if row.contender == contender]
        yield " / ".join(_number_cell(row.totals.get(m.label)) for row in rows for m in measures)


def _column_head(measure: Measure) -> str:
    return measure.label if measure.higher_is_better else f"{measure.label} (lower is better)"


def _number_cell(value: float | None) -> str:
    """A value; nothing where it was left out."""
    return "" if value is None else f"{value:.4f}"
