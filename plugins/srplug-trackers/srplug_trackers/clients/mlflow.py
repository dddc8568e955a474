"""MLflow, through Ignite's MLflowLogger."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from srplug_trackers.clients.client import Subject
from srplug_trackers.options import MLflowOptions
from srplug_trackers.values import Row

#: Where they are not set. MLflow tries for many minutes by itself; the handler tries again at the
#: next checkpoint.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
#: Most values, and most settings, of one request.
_MOST_VALUES, _MOST_SETTINGS, _LONGEST_SETTING = 1000, 100, 6000


class MLflowClient:
    """One request takes all values since the last checkpoint; a server can be asked what it has."""

    def __init__(self, options: MLflowOptions) -> None:
        self.options = options

    def open(self, subject: Subject, run: str) -> str:
        """Begin a run, or go on with it."""
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        import mlflow
        from ignite.handlers import MLflowLogger

        if self.options.server:
            mlflow.set_tracking_uri(self.options.server)
        mlflow.set_experiment(self.options.project)
        if run:
            mlflow.start_run(run_id=run, log_system_metrics=False)
        else:
            mlflow.start_run(run_name=subject.name, log_system_metrics=False)
        self.logger: Any = MLflowLogger()
        active: Any = self.logger.active_run
        self.run = str(active.info.run_id)
        self.client: Any = mlflow.MlflowClient()
        return self.run

    def held(self, names: Iterable[str]) -> set[tuple[str, int]] | None:
        """The whole history of every value."""
        return {
            (name, int(metric.step))
            for name in names
            for metric in self.client.get_metric_history(self.run, _allowed(name))
        }

    def describe(self, settings: Mapping[str, Any], experiment: Path) -> None:
        """Settings as parameters, which stay as they are from then on."""
        from mlflow.entities import Param

        params = [Param(_allowed(k), str(v)[:_LONGEST_SETTING]) for k, v in settings.items()]
        for start in range(0, len(params), _MOST_SETTINGS):
            self.client.log_batch(self.run, params=params[start : start + _MOST_SETTINGS])
        self.client.log_artifact(self.run, str(experiment))

    def tell(self, rows: Iterable[Row]) -> None:
        """Values in few requests, then pictures as artifacts by iteration."""
        from mlflow.entities import Metric

        now, rows = int(1000 * time.time()), list(rows)
        metrics = [
            Metric(_allowed(name), value, now, row.iteration)
            for row in rows
            for name, value in row.values.items()
        ]
        for row in rows:
            for path in row.pictures:
                self.client.log_artifact(self.run, str(path), f"images/{path.parent.name}")
        for start in range(0, len(metrics), _MOST_VALUES):
            self.client.log_batch(self.run, metrics=metrics[start : start + _MOST_VALUES])

    def keep(self, weights: Path) -> None:
        """An artifact in the folder ``weights``."""
        self.client.log_artifact(self.run, str(weights), "weights")

    def close(self, *, is_complete: bool) -> None:
        """A run that can be resumed is no finished one."""
        self.logger.end_run(status="FINISHED" if is_complete else "KILLED")


def _allowed(name: str) -> str:
    """Names of MLflow hold letters, digits and ``_-. :/``."""
    return re.sub(r"[^\w\-. :/]", ".", name.replace("]", ""))
