import functools
import hashlib
import http.server
import threading
import time

import pytest
import torch

import srcore
from srcore.cli.main import main
from srcore.models import downloading
from srcore.plugin.manager import PluginManager, using
from srcore.testing.weights import write_weights

LIST = """
[models.tiny]
title = "Tiny"
author = "somebody"
license = "{license}"
architecture = "edsr"
scale = 2
purposes = ["photo"]
source = "https://example.org/tiny"
url = "{url}"
sha256 = "{sha256}"
bytes = {bytes}
"""


@pytest.fixture(autouse=True)
def no_pauses_and_an_empty_cache(tmp_path, monkeypatch):
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SRCORE_MODELS", str(tmp_path / "cache"))
    monkeypatch.setattr(downloading, "PAUSE", 0.01)
    monkeypatch.setattr(downloading, "SILENCE", 5.0)
    monkeypatch.setattr(downloading, "PIECE", 1024)  # of a file that is small itself


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Bytes of a network that enlarges twice."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    write_weights(path, "edsr", num_features=8, num_blocks=2)
    return path.read_bytes()


class Server(http.server.ThreadingHTTPServer):
    """Serves one file with the faults of ``faults``, one per request, then without.

    Attributes:
        content: the file.
        faults: names of what goes wrong.
        ranges: whether it can go on where a transfer broke off.
        requests: path and Range of every request.
    """

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.faults, self.ranges, self.requests = content, [], True, []
        self.arrived = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/models/tiny.safetensors"

    def handle_error(self, request, address):
        """Clients of these tests end without a word."""


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers.get("Range")))
        server.arrived.set()
        fault = server.faults.pop(0) if server.faults else ""
        if fault.isdigit():
            self.send_error(int(fault))
        elif fault == "redirect":
            self.send_response(302)
            self.send_header("Location", server.url.replace("/models/", "/elsewhere/"))
            self.end_headers()
        elif fault == "loop":
            server.faults.append("loop")
            self.send_response(302)
            self.send_header("Location", server.url)
            self.end_headers()
        else:
            self.send_content(fault)

    def send_content(self, fault):
        content, begin = self.server.content, 0
        if fault == "wrong":
            content = content[::-1]
        if fault == "endless":
            content += b"more"
        wanted = self.headers.get("Range")
        if wanted and self.server.ranges:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if fault != "cut without a length":
            self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        half = begin + (len(content) - begin) // 2
        if fault == "slow":
            step = max(1, len(content) // 8)
            for start in range(begin, len(content), step):
                self.wfile.write(content[start : start + step])
                self.wfile.flush()
                time.sleep(0.05)
            return
        self.wfile.write(content[begin:half])
        if fault.startswith("cut"):
            return
        if fault == "silent":
            self.wfile.flush()
            time.sleep(2)
            return
        self.wfile.write(content[half:])


@pytest.fixture
def server(weights):
    with Server(weights) as server:
        thread = threading.Thread(target=functools.partial(server.serve_forever, 0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def sha256(weights):
    return hashlib.sha256(weights).hexdigest()


@pytest.fixture
def listed(server, sha256, weights, tmp_path):
    """Makes a manager of a plugin whose list has the model ``tiny``."""

    def make(**changes):
        told = {"license": "CC-BY-4.0", "url": server.url, "sha256": sha256, "bytes": len(weights)}
        file = tmp_path / f"models{len(list(tmp_path.glob('*.toml')))}.toml"
        file.write_text(LIST.format(**{**told, **changes}), "utf-8")

        class Plugin:
            __name__ = "stranger"

            @srcore.hookimpl
            def srcore_register_models(self, registry):
                registry.add_models(file)

        return PluginManager(discover=False, extra=[Plugin()])

    return make


@pytest.fixture
def tiny(listed):
    """The manager of such a plugin, as the current one."""
    with using(listed()) as manager:
        yield manager


@pytest.fixture
def program(tiny, monkeypatch, capsys):
    """Runs a command where the plugin is installed: arguments -> (exit code, out, err)."""
    monkeypatch.setattr("srcore.plugin.manager.load_plugins", lambda *names, **how: tiny)

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        return (caught.value.code, *capsys.readouterr())

    return run
