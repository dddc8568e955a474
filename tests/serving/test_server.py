"""The server with the process that computes: clients, canceling, kills, and what is left."""

import os
import signal
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from srcore.images import decode_image, encode_image
from srcore.serving import server as rules
from srcore.serving.options import ServeOptions
from srcore.serving.server import AddressError, Server

FIRST = "file:tiny.safetensors"


@pytest.fixture(scope="module")
def large():
    """A picture that takes the tiny network some seconds."""
    return encode_image(np.zeros((2400, 2400, 3), np.uint8), ".png")


def test_a_picture_is_enlarged_and_a_fault_told_as_by_the_command_line(client, picture):
    done = client.upscaled(picture, model=FIRST, scale="3")
    assert (done["state"], done["scale"], done["message"]) == ("done", 3.0, "")
    content = client.ask(f"/jobs/{done['id']}/result")[2]
    assert decode_image(content, "result").shape == (18, 27, 3)
    client.ask(f"/jobs/{done['id']}", "DELETE")

    done = client.upscaled(b"no picture", model=FIRST, name="a.png")
    assert done["state"] == "failed"
    assert done["message"] == "a.png: not an image (or of an unknown format)"
    assert client.ask(f"/jobs/{done['id']}/result")[::2] == (
        404,
        "srcore: a.png: has no result: it is failed\n",
    )


@pytest.mark.slow
def test_two_clients_wait_for_one_another_and_a_canceled_job_makes_room(client, picture, large):
    _, first = client.send(large, model=FIRST)
    _, second = client.send(picture, model=FIRST)
    assert client.wait(first["id"], "upscaling")["share"] < 1
    told = client.ask(f"/jobs/{second['id']}")[2]
    assert (told["state"], told["before"]) == ("waiting", 1)
    assert client.ask(f"/jobs/{first['id']}", "DELETE")[0] == 200
    assert client.ask(f"/jobs/{first['id']}")[0] == 404
    assert client.wait(second["id"])["state"] == "done"


def workers():
    """Processes that this one has started, and that are no zombies."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [
        int(child)
        for file in children
        for child in file.read_text().split()
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.slow
def test_a_process_that_is_killed_is_told_and_replaced(client, picture, large):
    _, told = client.send(large, model=FIRST, name="a.png")
    client.wait(told["id"], "upscaling")
    for process in workers():
        os.kill(process, signal.SIGKILL)
    failed = client.wait(told["id"])
    assert failed["state"] == "failed"
    assert "a.png: the process that computes ended (signal 9)" in failed["message"]
    assert client.upscaled(picture, model=FIRST)["state"] == "done"


class Silent:
    """In the place of the process that computes."""

    def give(self, order):
        pass

    def answer(self, seconds):
        threading.Event().wait(seconds)

    def end(self):
        return ""


def test_more_connections_than_may_be_are_closed(serve, make_client, monkeypatch):
    monkeypatch.setattr(rules, "MOST_CONNECTIONS", 2)
    with serve(process=Silent) as address:
        port = int(make_client(address).base.rpartition(":")[2])
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        threading.Event().wait(0.3)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as refused:
            assert refused.recv(10) == b""
        for connection in held:
            connection.close()


def test_the_end_takes_pictures_along(serve, make_client, picture, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with serve(process=Silent) as address:
        make_client(address).send(picture, model=FIRST)
        assert [it.stat().st_mode & 0o077 for it in tmp_path.iterdir()] == [0]
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_taken_is_one_line():
    with Server(ServeOptions(port=0)) as server:
        port = server.server_port
        with pytest.raises(AddressError, match=rf"127\.0\.0\.1:{port}: cannot be listened at: "):
            Server(ServeOptions(port=port))
    with pytest.raises(AddressError, match=r"192\.0\.2\.1:0: cannot be listened at"):
        Server(ServeOptions(host="192.0.2.1", port=0))  # of nobody (RFC 5737)
