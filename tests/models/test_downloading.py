"""A file comes whole and of the announced hash, or not at all, whatever a server or disk does."""

import errno
import os
import resource
import shutil
import signal
import threading
import time

import pytest

from srcore.errors import DataError, MissingExtraError, WeightsError
from srcore.files.atomic import leftovers
from srcore.models import downloading
from srcore.models.downloading import download

pytest.importorskip("pooch")
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture
def fetch(server, sha256, weights, tmp_path):
    def run(**changes):
        given = {"sha256": sha256, "size": len(weights), "what": "tiny"}
        return download(server.url, tmp_path / "cache/tiny.pth", **{**given, **changes})

    return run


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").iterdir())


def test_a_file_is_fetched_once(fetch, server, weights, tmp_path):
    assert fetch().read_bytes() == weights
    assert fetch().read_bytes() == weights
    assert server.requests == [("/models/tiny.safetensors", None)]
    assert names(tmp_path) == ["tiny.pth"]


@pytest.mark.parametrize("ranges", [True, False], ids=["that goes on", "that starts again"])
@pytest.mark.parametrize("fault", ["cut", "cut without a length", "500", "503"])
def test_a_transfer_that_breaks_off_is_tried_again(fetch, server, weights, fault, ranges, tmp_path):
    server.faults, server.ranges = [fault] * 2, ranges
    assert fetch().read_bytes() == weights
    assert len(server.requests) == 3
    went_on = [wanted for _, wanted in server.requests if wanted]
    assert bool(went_on) == fault.startswith("cut")
    assert names(tmp_path) == ["tiny.pth"]


def test_what_lies_here_is_dropped_where_it_is_no_beginning_of_what_lies_there(
    fetch, server, weights
):
    server.faults = ["cut", "416"]
    assert fetch().read_bytes() == weights
    assert [wanted is None for _, wanted in server.requests] == [True, False, True]


def test_a_redirect_is_followed(fetch, server, weights):
    server.faults = ["redirect"]
    assert fetch().read_bytes() == weights
    assert [path for path, _ in server.requests] == [
        "/models/tiny.safetensors",
        "/elsewhere/tiny.safetensors",
    ]


def test_a_slow_server_is_waited_for(fetch, server, weights, monkeypatch):
    monkeypatch.setattr(downloading, "SILENCE", 0.3)
    server.faults = ["slow"]  # takes longer than that in all, but says something in between
    assert fetch().read_bytes() == weights


REFUSED = {
    "404": (["404"], "404 Not Found; the file has gone, or its address is wrong"),
    "500": (["500"] * 9, "500 Internal Server Error, 4 times; try again later"),
    "cut": (["cut"] * 9, "the transfer broke off, 4 times; try again later"),
    "wrong content": (["wrong"], "this is another file; it was not kept"),
    "more than announced": (["endless"], "bytes that were announced; refused"),
    "round in circles": (["loop"], "the server sends from address to address without end"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_had_is_one_line_and_nothing_is_kept(fetch, server, tmp_path, case):
    server.faults, expected = [*REFUSED[case][0]], REFUSED[case][1]
    with pytest.raises(WeightsError) as caught:
        fetch()
    assert str(caught.value).startswith(f"tiny: {server.url}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []


def test_a_server_that_falls_silent_is_given_up(fetch, server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloading, "SILENCE", 0.2)
    monkeypatch.setattr(downloading, "TRIES", 2)
    server.faults = ["silent"] * 2
    with pytest.raises(WeightsError, match="no answer in time, 2 times; try again later"):
        fetch()
    assert names(tmp_path) == []


def test_a_server_that_is_not_there(server, sha256, tmp_path):
    url = server.url
    server.server_close()
    with pytest.raises(WeightsError, match="the server refuses the connection, 4 times"):
        download(url, tmp_path / "cache/x.pth", sha256, what="x")


def test_a_full_disk_is_told_before_anything_is_fetched(fetch, server, monkeypatch):
    usage = shutil.disk_usage(".")._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    expected = r"no space is left; it takes \d+.\d kB; the environment variable SRCORE_MODELS names"
    with pytest.raises(DataError, match=expected):
        fetch()
    assert server.requests == []


def in_child(work):
    """What a forked process says: the text that ``work`` returns."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, work().encode())
        finally:
            os._exit(0)
    os.close(writing)
    return child, reading


def said(child, reading):
    with os.fdopen(reading) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_disk_that_becomes_full_meanwhile(fetch, tmp_path):
    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
        try:
            fetch()
        except DataError as error:
            return str(error)
        return "fetched"

    assert "cannot be written: no space is left" in said(*in_child(work))
    assert names(tmp_path) == []


def test_a_cache_that_cannot_be_written(server, sha256, tmp_path):
    (tmp_path / "cache").write_bytes(b"a file")
    with pytest.raises(DataError, match=r"cannot be written: (File exists|Not a directory)"):
        download(server.url, tmp_path / "cache/x.pth", sha256, what="x")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_kill_leaves_no_file_and_the_next_one_cleans_up(fetch, server, weights, tmp_path):
    server.faults = ["silent"]

    def work():
        fetch()
        return "fetched"

    child, reading = in_child(work)
    assert server.arrived.wait(10)
    while not any(path.stat().st_size for path in (tmp_path / "cache").glob(".srcore-*")):
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    assert said(child, reading) == ""
    assert "tiny.pth" not in names(tmp_path)
    assert list(leftovers(tmp_path / "cache"))
    assert fetch().read_bytes() == weights
    assert names(tmp_path) == ["tiny.pth"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_of_two_processes_one_fetches_and_the_other_waits(fetch, server, weights, tmp_path):
    server.faults = ["slow"]

    def work():
        return str(len(fetch().read_bytes()))

    children = [in_child(work) for _ in range(2)]
    assert [said(*child) for child in children] == [str(len(weights))] * 2
    assert len(server.requests) == 1
    assert names(tmp_path) == ["tiny.pth"]


def test_of_two_threads_one_fetches(fetch, server, weights):
    server.faults = ["slow"]
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(fetch().read_bytes())) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [weights] * 2
    assert len(server.requests) == 1


def test_without_the_package_its_name_is_said(fetch, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'srcore\[models\]'"):
        fetch()


def test_other_faults_of_the_disk_are_named(server, sha256, tmp_path, monkeypatch):
    def broken(folder):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("shutil.disk_usage", broken)
    with pytest.raises(DataError, match="cannot be written: Input/output error"):
        download(server.url, tmp_path / "cache/x.pth", sha256, what="x")
