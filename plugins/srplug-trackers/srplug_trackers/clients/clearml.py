"""ClearML, through Ignite's ClearMLLogger."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from srplug_trackers.clients.client import Subject
from srplug_trackers.options import ClearMLOptions
from srplug_trackers.values import Row

#: Variables of ClearML: where it keeps offline sessions, and whether there are no others.
_CACHE = "CLEARML_CACHE_DIR"
_OFFLINE = "CLEARML_OFFLINE_MODE"
#: What ClearML would patch; a name that is missing here counts as asked for. It would also record
#: the repository of who calls it, which is Ignite: changes of whatever the environment lies in
#: would be sent, and a git process may be left behind.
_UNWANTED = [
    "detect_repository",
    *("hydra", "scikit", "joblib", "matplotlib", "tensorflow", "tensorboard", "tfdefines"),
    *("pytorch", "megengine", "xgboost", "catboost", "fastai", "lightgbm", "gradio"),
]


class ClearMLClient:
    """Nothing is patched and nothing printed: the task holds what it is told."""

    def __init__(self, options: ClearMLOptions) -> None:
        self.options = options

    def open(self, subject: Subject, run: str) -> str:
        """Begin a task, or go on with it; offline, a resumed run is a further session."""
        os.environ.setdefault("CLEARML_LOG_LEVEL", "WARNING")
        from clearml import Task
        from ignite.handlers import ClearMLLogger

        class Logger(ClearMLLogger):  # type: ignore[misc,unused-ignore]  # from a package without types
            """Ignite's own is silent where the variable CI is set."""

            _bypass = False

        self.folder = subject.folder / "clearml"
        self.is_offline = self.options.offline or _OFFLINE in os.environ
        self._cache_before = os.environ.get(_CACHE)
        if self.options.offline:
            os.environ[_CACHE] = str(self.folder)
        if self.is_offline != Task.is_offline():  # an earlier stage may have been
            Task.set_offline(self.is_offline)
        is_continued = bool(run) and not self.is_offline
        self.logger: Any = Logger(
            project_name=self.options.project,
            task_name=subject.name,
            tags=list(self.options.tags) or None,
            reuse_last_task_id=False,
            continue_last_task=run if is_continued else False,
            auto_connect_frameworks=dict.fromkeys(_UNWANTED, False),
            auto_connect_arg_parser=False,
            auto_connect_streams=False,
        )
        self.task: Any = self.logger.get_task()
        if is_continued:
            self.task.set_initial_iteration(0)  # it would count from the last one on
        return str(self.task.id)

    def held(self, names: Iterable[str]) -> set[tuple[str, int]] | None:
        """What offline sessions of this run's folder hold; a server is not asked."""
        if not self.options.offline:
            return None
        return {
            (f"{event['metric']}/{event['variant']}", int(event["iter"]))
            for file in self.folder.glob("offline/*/metrics.jsonl")
            for event in _events(file)
            if event.get("type") == "training_stats_scalar"
        }

    def describe(self, settings: Mapping[str, Any], experiment: Path) -> None:
        """Settings as parameters of the task, and the file as its configuration."""
        self.task.set_parameters({f"experiment/{name}": value for name, value in settings.items()})
        self.task.connect_configuration(experiment, name="experiment")

    def tell(self, rows: Iterable[Row]) -> None:
        """A plot per group of values, such as ``validation/set5``."""
        for row in rows:
            for name, value in row.values.items():
                title, _, series = name.rpartition("/")
                self.logger.report_scalar(title, series, value, row.iteration)
            for path in row.pictures:
                self.logger.report_image(row.phase, path.stem, row.iteration, local_path=str(path))
        self.task.flush(wait_for_uploads=not self.is_offline)  # its files are read by a resumed run

    def keep(self, weights: Path) -> None:
        """An artifact of the task."""
        self.task.upload_artifact(weights.stem, artifact_object=weights, wait_on_upload=True)

    def close(self, *, is_complete: bool) -> None:
        """A run that can be resumed is no completed task."""
        if not is_complete and not self.is_offline:
            self.task.mark_stopped(status_message="can be resumed")
        self.logger.close()
        if self.options.offline:
            if self._cache_before is None:
                os.environ.pop(_CACHE, None)
            else:
                os.environ[_CACHE] = self._cache_before


def _events(file: Path) -> Iterable[dict[str, Any]]:
    """Events of a session; a kill cuts the last line short."""
    for line in file.read_text("utf-8", "replace").splitlines():
        try:
            yield from json.loads(line)
        except ValueError:
            return
