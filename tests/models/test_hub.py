"""Weights of the hub, fetched from a local stand-in by the hub's own library."""

import functools
import hashlib
import http.server
import json
import threading

import pytest

import srcore
from srcore.errors import MissingExtraError, WeightsError
from srcore.models.resolving import source_of, weights_file
from srcore.plugin.manager import PluginManager

pytest.importorskip("huggingface_hub")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CARD = {"license": "cc-by-nc-4.0"}


def agree(offer):
    return True


class Hub(http.server.ThreadingHTTPServer):
    """A hub with one repository, ``owner/name``."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.gets, self.fault = files, [], None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.answer(with_content=False)

    def do_GET(self):
        self.server.gets.append(self.path)
        self.answer(with_content=True)

    def answer(self, *, with_content):
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/owner/name"):
            files = [
                {"rfilename": name, "size": len(content), "blobId": "0" * 40}
                for name, content in self.server.files.items()
            ]
            about = {"_id": "1", "id": "owner/name", "modelId": "owner/name", "author": "owner"}
            about |= {"sha": COMMIT, "siblings": files, "cardData": CARD, "tags": []}
            self.send(json.dumps(about).encode(), {"Content-Type": "application/json"})
            return
        name = path.removeprefix("/owner/name/resolve/").partition("/")[2]
        if not path.startswith("/owner/name/resolve/") or name not in self.server.files:
            code = "EntryNotFound" if path.startswith("/owner/name/") else "RepoNotFound"
            self.send(b"", {"X-Error-Code": code, "X-Error-Message": "none"}, 404)
            return
        content = self.server.files[name]
        etag = hashlib.sha256(content).hexdigest()
        if self.server.fault == "wrong":
            content = content[::-1]
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"', "X-Linked-Etag": f'"{etag}"'}
        headers["X-Linked-Size"] = str(len(content))
        self.send(content if with_content else b"", headers, size=len(content))

    def send(self, content, headers, code=200, size=None):
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content) if size is None else size))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def hub(weights, tmp_path, monkeypatch):
    with Hub({"README.md": b"# Tiny", "tiny.safetensors": weights}) as server:
        thread = threading.Thread(target=functools.partial(server.serve_forever, 0.01))
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def registry():
    return PluginManager(discover=False).registry


@pytest.mark.parametrize("address", ["hf://owner/name", "hf://owner/name/tiny.safetensors"])
def test_weights_are_fetched_once_and_then_used_without_a_network(hub, registry, weights, address):
    with pytest.raises(WeightsError, match=f"{address} is not in the cache; to fetch it: "):
        weights_file(address, registry)
    assert hub.gets == []
    path = weights_file(address, registry, agree)
    assert path.read_bytes() == weights
    hub.gets.clear()
    assert weights_file(address, registry) == path
    assert srcore.load_generator(address).scale == 2
    assert hub.gets == []


def test_the_repository_says_author_and_license(hub, registry, weights):
    offer = source_of("hf://owner/name", registry).offer()
    assert offer.line.startswith("hf://owner/name by owner, cc-by-nc-4.0, not for commercial use, ")
    assert offer.place.endswith(f"/owner/name/blob/{COMMIT}/tiny.safetensors")
    assert offer.bytes == len(weights)


def test_of_several_files_one_is_to_be_named(hub, registry, weights):
    hub.files["other.safetensors"] = weights
    with pytest.raises(WeightsError, match="several files of weights; name one of them, as in hf:"):
        weights_file("hf://owner/name", registry, agree)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("hf://owner/name/none.pth", "no such file in the repository"),
        ("hf://nobody/nothing/x.pth", "no such repository, or a private one"),
    ],
)
def test_what_is_not_there_is_one_line(hub, registry, address, expected):
    source = source_of(address, registry)
    with pytest.raises(WeightsError, match=expected):
        source.fetch()


def test_another_content_than_announced_is_refused(hub, registry):
    hub.fault = "wrong"
    with pytest.raises(WeightsError, match=r"is damaged in the cache: .*; refused"):
        weights_file("hf://owner/name", registry, agree)
    with pytest.raises(WeightsError, match="is damaged in the cache"):
        weights_file("hf://owner/name", registry)


def test_a_damaged_file_of_the_cache_is_fetched_again(hub, registry, weights):
    path = weights_file("hf://owner/name", registry, agree)
    path.resolve().write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="is damaged in the cache"):
        weights_file("hf://owner/name", registry)
    assert weights_file("hf://owner/name", registry, agree).read_bytes() == weights


def test_a_hash_that_was_given_is_compared(hub, registry, sha256):
    address = "hf://owner/name/tiny.safetensors"
    weights_file(f"{address}#sha256={sha256}", registry, agree)
    with pytest.raises(WeightsError, match="it is another file; refused"):
        weights_file(f"{address}#sha256={'0' * 64}", registry, agree)


def test_without_a_network_it_is_one_line(hub, registry, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError) as caught:
        weights_file("hf://owner/name", registry, agree)
    assert str(caught.value).startswith(
        "hf://owner/name: cannot be fetched from http://127.0.0.1:9: "
    )


def test_without_the_package_its_name_is_said(registry, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'srcore\[hub\]'"):
        weights_file("hf://owner/name", registry, agree)
