"""A real MLflow server is told what metrics.jsonl holds, through its death and that of the run."""

import logging
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from ignite.engine import Events

import srcore
from srcore.plugin.manager import PluginManager, using
from srcore.testing.killing import KilledAt, fork, wait
from srcore.testing.ranks import free_port

pytestmark = pytest.mark.slow  # a server

pytest.importorskip("flask")
pytest.importorskip("sqlalchemy")
mlflow = pytest.importorskip("mlflow")


class Server:
    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        self.address = f"http://127.0.0.1:{self.port}"

    def start(self):
        with (self.folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("mlflow_server.py"), str(self.port)],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except OSError:
                pass  # not yet
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            time.sleep(0.1)
        raise TimeoutError((self.folder / "server.log").read_text())

    def stop(self):
        self.process.kill()
        self.process.wait()

    def has_values(self):
        client = mlflow.MlflowClient(self.address)
        if client.get_experiment_by_name("own") is None:
            return False
        return any(run.data.metrics for run in self.runs()[1])

    def runs(self):
        client = mlflow.MlflowClient(self.address)
        experiment = client.get_experiment_by_name("own")
        return client, client.search_runs([experiment.experiment_id])


def until(holds):
    """Wait for what a thread does."""
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    folder = tmp_path / "server"
    folder.mkdir()
    made = Server(folder)
    made.start()
    yield made
    made.stop()


def told(client, run):
    """(name, iteration, value) of all that the server holds; each place once."""
    return sorted(
        (metric.key, metric.step, metric.value)
        for name in run.data.metrics
        for metric in client.get_metric_history(run.info.run_id, name)
    )


def handler(server, more=""):
    return f'{{type="mlflow", server="{server.address}", project="own" {more}}}'


def test_values_pictures_settings_and_weights(train, server, recorded):
    run = train(handler(server, ', weights="best"'))
    client, (tracked,) = server.runs()
    assert told(client, tracked) == sorted(recorded(run))
    assert tracked.info.status == "FINISHED"
    assert tracked.info.run_name == "tiny"
    assert tracked.data.params["losses.0.type"] == "l1"
    paths = [
        file.path
        for folder in ("", "images/iteration_00000003", "weights")
        for file in client.list_artifacts(tracked.info.run_id, folder)
    ]
    assert "experiment.toml" in paths
    assert "weights/generator_best.safetensors" in paths
    assert any(path.startswith("images/iteration_00000003/tiny_") for path in paths)


def test_a_killed_run_goes_on_in_its_own(train, server, recorded, tmp_path):
    def killed():
        with using(PluginManager(extra=[KilledAt(6, server.has_values)])):
            train(handler(server))

    log = tmp_path / "log"
    assert wait(fork(killed, log)) == -9, log.read_text()
    client, (before,) = server.runs()
    assert told(client, before)
    run = train(handler(server), resume=True)
    client, (tracked,) = server.runs()
    assert tracked.info.run_id == before.info.run_id
    assert told(client, tracked) == sorted(recorded(run))


def test_a_server_that_dies_is_one_warning_and_gets_the_rest_by_a_resume(
    train, server, recorded, caplog
):
    train(handler(server), "train.iterations=3")
    server.stop()
    caplog.clear()
    run = train(handler(server), resume=True)
    lines = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    lines = [line for line in lines if "the tracker was not told" in line]
    assert len(lines) == 1
    server.start()
    run = train(handler(server), "train.iterations=7", resume=True)
    client, (tracked,) = server.runs()
    assert told(client, tracked) == sorted(recorded(run))


def test_names_that_mlflow_forbids():
    from srplug_trackers.clients.mlflow import _allowed

    assert _allowed("losses[0].weight") == "losses.0.weight"
    assert _allowed("validation/set 5/psnr+y") == "validation/set 5/psnr.y"


def test_an_interrupted_run_is_no_finished_one(train, server):
    class Ending:
        @srcore.hookimpl
        def srcore_engines_created(self, trainer):
            def end(engine):
                raise srcore.SrcoreError("enough")

            trainer.add_event_handler(Events.ITERATION_STARTED(once=4), end)

    with using(PluginManager(extra=[Ending()])), pytest.raises(srcore.SrcoreError, match="enough"):
        train(handler(server))
    _, (tracked,) = server.runs()
    assert tracked.info.status == "KILLED"
