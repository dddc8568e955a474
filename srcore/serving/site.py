"""What a server knows: who may ask, what is offered, which pictures are on their way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from srcore import __version__
from srcore.errors import SrcoreError
from srcore.messages import shown
from srcore.serving.gate import Gate
from srcore.serving.offered_models import FETCHED, GIVEN, Offered
from srcore.serving.options import ServeOptions
from srcore.serving.picture_queue import PictureJob, PictureQueue
from srcore.serving.picture_request import LARGEST_SCALE, Query, offered_formats, request_of

#: The model that is chosen first, where none was named at the start.
_FIRST = "x4"
#: Most runs beside each other in one report.
_MOST_RUNS = 20


class AbsentError(SrcoreError):
    """What is asked for is not there."""


@attrs.frozen
class Site:
    """Answers to all requests, without HTTP.

    Attributes:
        gate: who may ask.
        offered: models and runs.
        jobs: pictures on their way.
        options: limits.
    """

    gate: Gate
    offered: Offered
    jobs: PictureQueue
    options: ServeOptions

    def offers(self) -> dict[str, Any]:
        """What the page offers, for JSON."""
        models = list(self.offered.models().values())
        named = next((model.id for model in models if model.group == GIVEN), "")
        here = [model.id for model in models if model.group != FETCHED]
        first = named or (_FIRST if _FIRST in here else next(iter(here), ""))
        return {
            "version": __version__,
            "models": [model.as_dict() for model in models],
            "first": first,
            "needing": self.offered.needing(),
            "runs": list(self.offered.reports()),
            "formats": offered_formats(),
            "largest_scale": LARGEST_SCALE,
            "max_upload": self.options.most_bytes,
        }

    def begin(self, query: Query) -> PictureJob:
        """A job for what a query asks for; its picture is still to come.

        Raises:
            PictureRequestError: it asks for what is not there.
            QueueFullError: as many wait as may.
        """
        request = request_of(query, self.offered.models())
        return self.jobs.begin(request.model.label, request.order_in)

    def job(self, id: str) -> PictureJob:
        """A job.

        Raises:
            AbsentError: there is none, or no longer.
        """
        job = self.jobs.ask(id)
        if job is None:
            raise AbsentError("no such picture: it was deleted, or nobody asked about it for long")
        return job

    def told(self, job: PictureJob) -> dict[str, Any]:
        """How far a job is, for JSON."""
        return {
            "id": job.id,
            "name": job.order.name,
            "model": job.model,
            "state": job.state,
            "before": self.jobs.before(job) if job.state == "waiting" else 0,
            "share": round(job.share, 4),
            "message": job.message,
            **job.facts,
        }

    def result(self, id: str) -> tuple[Path, str]:
        """File and name of a result.

        Raises:
            AbsentError: there is no such job, or it is not done.
        """
        job = self.job(id)
        if job.state != "done":
            raise AbsentError(f"{job.order.name}: has no result: it is {job.state}")
        stem = Path(job.order.name).stem or "picture"
        label = f"{float(job.facts['scale']):g}"
        return job.order.target, f"{stem}_x{label}{job.order.target.suffix}"

    def viewable(self, id: str) -> Path:
        """File of the picture itself as browsers show it.

        Raises:
            AbsentError: there is no such job, or no such file yet.
        """
        job = self.job(id)
        file = job.order.viewable
        if file is None or not file.is_file():
            raise AbsentError(
                f"{job.order.name}: was not asked for with viewable=1, or is not read yet"
            )
        return file

    def report(self, names: Sequence[str]) -> bytes:
        """The report of runs, as it would be written now.

        Raises:
            AbsentError: there is no such run.
            SrcoreError: a run cannot be read.
        """
        from srcore.report.page import report_of

        folders = self.offered.reports()
        if not 0 < len(names) <= _MOST_RUNS:
            raise AbsentError(f"run: expected 1 to {_MOST_RUNS} names, found {len(names)}")
        for name in names:
            if name not in folders:
                raise AbsentError(f"no run {shown(name)} is offered; GET /offered lists all")
        return report_of([folders[name] for name in dict.fromkeys(names)], self.offered.registry)
