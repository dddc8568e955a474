"""Offline files of W&B hold what metrics.jsonl holds; nothing is sent anywhere."""

import os
import socket
import threading
import time

import pytest

from srcore.plugin.manager import PluginManager, using
from srcore.testing.killing import KilledAt, fork, wait

pytestmark = pytest.mark.slow  # W&B starts a program of its own

wandb = pytest.importorskip("wandb")

# Patient: what is tried is what is told, not how soon on a busy machine.
HANDLER = '{type="wandb", offline=true, weights="best", tags=["a"], patience=600}'


@pytest.fixture(autouse=True)
def _away(away_from_home):
    pass


@pytest.fixture
def in_child(tmp_path):
    """A function: do something in a process of its own, which has a service of W&B of its own."""

    def run(work, code=0):
        log = tmp_path / "log"
        assert wait(fork(work, log)) == code, log.read_text()

    return run


@pytest.fixture
def visitors(monkeypatch):
    """Who connected to what W&B, and any proxy, takes for the world."""
    visits = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        for name in ("WANDB_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, address)
        server.settimeout(0.1)
        is_over = threading.Event()

        def listen():
            while not is_over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                visits.append(connection.recv(200))
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield visits
        is_over.set()
        thread.join()


def files(run):
    return sorted(run.glob("plugins/wandb/offline-run-*/*.wandb"))


def lines(run):
    from srplug_trackers.clients.wandb_files import history

    return [line for file in files(run) for line in history(file)]


def told(run):
    return sorted(
        (name, line["iteration"], value)
        for line in lines(run)
        for name, value in line.items()
        if name.startswith(("train/", "validation/"))
    )


def test_values_pictures_settings_and_weights(train, recorded, visitors, in_child, tmp_path):
    in_child(lambda: train(HANDLER))
    run = tmp_path / "runs/tiny"
    assert told(run) == sorted(recorded(run))
    history = lines(run)
    pictured = [it["iteration"] for it in history if any("images/" in name for name in it)]
    assert pictured == [3, 6]
    (folder,) = run.glob("plugins/wandb/offline-run-*/files")
    assert (folder / "experiment.toml").read_bytes() == (run / "experiment.toml").read_bytes()
    content = files(run)[0].read_bytes()
    assert b"generator_best" in content
    assert b"train.batch_size" in content
    assert visitors == []


def test_what_listens_notices_visits(visitors):
    """Otherwise the test above would prove nothing."""
    host, _, port = os.environ["WANDB_BASE_URL"].rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"hello")
    deadline = time.monotonic() + 20
    while not visitors and time.monotonic() < deadline:
        time.sleep(0.01)
    assert visitors == [b"hello"]


def test_a_killed_run_goes_on_in_it(train, recorded, in_child, tmp_path):
    def killed():
        kill = KilledAt(6, lambda: lines(tmp_path / "runs/tiny"))
        with using(PluginManager(extra=[kill])):
            train(HANDLER)

    in_child(killed, code=-9)
    assert told(tmp_path / "runs/tiny")
    in_child(lambda: train(HANDLER, resume=True))
    run = tmp_path / "runs/tiny"
    assert len(files(run)) == 2
    assert len({file.name for file in files(run)}) == 1  # one run of W&B
    assert told(run) == sorted(recorded(run))


def test_without_a_login_it_is_one_warning(train, caplog, monkeypatch, tmp_path, visitors):
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    train('{type="wandb"}')
    warned = [record.message for record in caplog.records if "was not told" in record.message]
    assert len(warned) == 1
