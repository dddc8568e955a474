import json
import threading
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
import pytest
import torch

from srcore.images import encode_image
from srcore.plugin.manager import PluginManager
from srcore.serving.offered_models import Offered
from srcore.serving.options import Computing, ServeOptions
from srcore.serving.processes import WorkerProcess
from srcore.serving.server import serving
from srcore.testing.weights import write_weights


@pytest.fixture(scope="session")
def registry():
    return PluginManager(discover=False).registry


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A network that enlarges twice."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    write_weights(path, "edsr", num_features=4, num_blocks=1)
    return path


@pytest.fixture
def picture():
    """Content of a PNG of 9 x 6 pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    return encode_image(pixels, ".png")


class Client:
    """Asks a server as curl does.

    Attributes:
        base: address of the server.
        token: of it.
    """

    def __init__(self, address):
        self.base, _, self.token = address.partition("/?token=")

    def ask(self, path, method="GET", body=None, token=None, **headers):
        """Status, headers and content; JSON is read, other texts are texts."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["Authorization"] = f"Bearer {self.token if token is None else token}"
        asked = urllib.request.Request(self.base + path, body, named, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=30) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            with error as answer:
                content = answer.read()
        kind = answer.headers["Content-Type"]
        if kind == "application/json":
            content = json.loads(content)
        elif kind.startswith("text/"):
            content = content.decode()
        return answer.status, answer.headers, content

    def send(self, body, **query):
        """Send a picture: status and what is told."""
        status, _, told = self.ask("/jobs?" + urllib.parse.urlencode(query), "POST", body)
        return status, told

    def upscaled(self, body, **query):
        """Send a picture and wait until it is done, or failed: what is told then."""
        status, told = self.send(body, **query)
        assert status == 202, told
        return self.wait(told["id"])

    def wait(self, id, *states):
        """Ask until a job is over, or in one of these states."""
        pause = threading.Event()
        for _ in range(600):
            status, _, told = self.ask(f"/jobs/{id}")
            assert status == 200, told
            if told["state"] in (states or ("done", "failed", "canceled")):
                return told
            pause.wait(0.05)
        raise AssertionError(told)


@pytest.fixture(scope="session")
def serve(registry, weights):
    """Serves a tiny network: ``with serve(port=0) as client``; lines of the server in ``said``."""

    def start(offered=None, computing=None, process=None, said=None, **options):
        given = {"port": 0, "runs": weights.parent / "none", **options}
        computing = computing or Computing(device="cpu", without=frozenset())
        return serving(
            ServeOptions(**given),
            offered or Offered(registry, (weights,)),
            process or (lambda: WorkerProcess(computing)),
            (lambda line: None) if said is None else said.append,
        )

    return start


@pytest.fixture(scope="session")
def make_client():
    """A client by the address that a server prints."""
    return Client


@pytest.fixture(scope="session")
def client(serve):
    """A client of a server with the process that computes, which all tests share."""
    with serve() as address:
        yield Client(address)
