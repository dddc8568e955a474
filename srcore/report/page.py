"""The page itself: everything put together in one file that needs no other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from srcore.files.atomic import write_bytes
from srcore.files.replacing import refuse_replacing
from srcore.plugin.handing import once_without_registry
from srcore.plugin.registry import Registry
from srcore.report import facts as tables
from srcore.report.curves import COLORS, Chart, training_charts, validation_charts
from srcore.report.picture_crops import gallery
from srcore.report.reading import RunRecord, has_stages, read_run
from srcore.runs.folder import RunFolder

_HERE = Path(__file__).parent


@once_without_registry(1)
def write_report(folders: Sequence[Path], registry: Registry, path: Path | None = None) -> Path:
    """Write the report of one run, or of several beside each other.

    Args:
        folders: folders of runs, of stages, or of experiments with stages.
        registry: knows which direction of a metric is good.
        path: the file; None: ``report.html`` in the folder of a single run.

    Returns:
        The file that was written.

    Raises:
        NoRunError: a folder holds no run.
        SrcoreError: the file cannot be written.
        ReplacedInputError: the page would replace another file of a run.
    """
    target = path or RunFolder(folders[0]).report
    files = (file for folder in folders for file in folder.rglob("*") if file.is_file())
    refuse_replacing((file for file in files if file.name != RunFolder.report), [target])
    # A page in another place does not know where those of the stages are.
    in_place = len(folders) == 1 and target.resolve() == RunFolder(folders[0]).report.resolve()
    write_bytes(target, report_of(folders, registry, links=in_place), durable=False)
    return target


def report_of(folders: Sequence[Path], registry: Registry, *, links: bool = False) -> bytes:
    """The report of one run, or of several beside each other, as the content of a file.

    Args:
        folders: folders of runs, of stages, or of experiments with stages.
        registry: knows which direction of a metric is good.
        links: whether it lies beside the pages of its stages, or of its experiment.

    Raises:
        NoRunError: a folder holds no run.
    """
    runs = [run for folder in folders for run in read_run(folder)]
    title = _title(folders, runs)
    if len(runs) > 1 and title == runs[0].name:  # the heading names the experiment already
        runs = [attrs.evolve(run, name="") for run in runs]
    content = render(
        _named_apart(runs), registry, title=title, links=links, compares=len(folders) > 1
    )
    # Names come from folders and may hold what is no text.
    return content.encode("utf-8", "replace")


def page_part(name: str) -> str:
    """A file that several pages are made of: ``look.css``, ``slider.css``, ``slider.js``."""
    return (_HERE / name).read_text("utf-8")


def render(
    runs: Sequence[RunRecord],
    registry: Registry,
    *,
    title: str,
    links: bool = False,
    compares: bool = False,
) -> str:
    """The page as text.

    Args:
        runs: at least one; several are compared.
        registry: knows which direction of a metric is good.
        title: heading of the page.
        links: whether it lies beside the pages of its stages, or of its experiment.
        compares: whether it begins with the keys in which the experiments differ.
    """
    from markupsafe import Markup

    started = [run for run in runs if run.started]
    measured = next((run for run in started if run.validation), None)
    single = runs[0] if len(runs) == 1 else None
    facts = [tables.facts(run) for run in runs]
    return page_of(
        "page.html.jinja",
        title=title,
        absent=tables.ABSENT,
        css=Markup("".join(map(page_part, ("look.css", "slider.css", "page.css")))),
        script=Markup("".join(map(page_part, ("slider.js", "page.js")))),
        runs=runs,
        single=single,
        facts=facts,
        fact_names=[name for name in tables.FACTS if any(name in fact for fact in facts)],
        states=[tables.state(run) for run in runs],
        rows=tables.rows(started, registry),
        differences=tables.differing_keys(started) if compares else [],
        compares=compares and len(started) > 1,
        started=started,
        colors={run.label: index % COLORS for index, run in enumerate(started)},
        validates=any(run.experiment.get("data", {}).get("validation") for run in started),
        protocol=tables.protocol_of_run(measured) if measured else "",
        others=[tables.other_results(run) for run in runs],
        gallery=gallery(started),
        sections=_sections(started),
        points=chart_points,
        up=links and single is not None and bool(single.stage),
        down=links and single is None,
    )


def page_of(template: str, **values: Any) -> str:
    """A template of this folder, filled; texts are escaped.

    Args:
        template: name of its file.
        values: all that it names.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(**values)


def _sections(runs: Sequence[RunRecord]) -> list[tuple[str, str, list[Chart]]]:
    """Anchor, heading and charts of the sections that have any."""
    sections = [
        ("validation", "Validation", validation_charts(runs)),
        ("training", "Training", training_charts(runs)),
    ]
    return [section for section in sections if section[2]]


def chart_points(chart: Chart) -> str:
    """What the script needs to read a chart's values out, as an attribute's text."""
    lines = [
        {"label": line.label, "color": line.color, "points": line.points} for line in chart.lines
    ]
    return json.dumps(lines, separators=(",", ":"))


def _title(folders: Sequence[Path], runs: Sequence[RunRecord]) -> str:
    if len(runs) == 1:
        return runs[0].label
    if len(folders) == 1 and has_stages(folders[0]):
        return runs[0].name
    return "Comparison"


def _named_apart(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Runs of equal labels get a number, in the order in which they were named."""
    labels = [run.label for run in runs]
    return [
        run
        if labels.count(run.label) == 1
        else attrs.evolve(run, name=f"{run.name} ({labels[: index + 1].count(run.label)})")
        for index, run in enumerate(runs)
    ]
