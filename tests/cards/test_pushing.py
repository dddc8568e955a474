"""A card is uploaded to a local stand-in of the hub, in one commit, by the hub's own library."""

import base64
import functools
import http.server
import json
import threading

import pytest

from srcore.cli.main import main

pytest.importorskip("huggingface_hub")


class Hub(http.server.ThreadingHTTPServer):
    """Takes repositories and commits; keeps what it was told."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.made, self.files, self.tokens, self.refuses = [], {}, set(), False

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        about = {"_id": "1", "id": "me/tiny", "sha": "0" * 40, "siblings": [], "tags": []}
        self.send(*(({"error": "none"}, 404) if self.server.refuses else (about,)))

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.tokens.add(self.headers.get("Authorization"))
        if server.refuses:
            self.send({"error": "You don't have the rights to create a model here"}, 403)
        elif self.path == "/api/repos/create":
            server.made.append(json.loads(body))
            self.send(
                {"url": f"http://{self.headers['Host']}/me/tiny", "id": "1", "name": "me/tiny"}
            )
        elif self.path.endswith("/preupload/main"):
            paths = [it["path"] for it in json.loads(body)["files"]]
            modes = [{"path": it, "uploadMode": "regular", "shouldIgnore": False} for it in paths]
            self.send({"files": modes})
        elif self.path.endswith("/commit/main"):
            for line in map(json.loads, body.decode().splitlines()):
                if line["key"] == "file":
                    told = line["value"]
                    server.files[told["path"]] = base64.b64decode(told["content"])
            self.send({"commitUrl": f"{server.address}/me/tiny/commit/1", "commitOid": "1" * 40})
        else:  # what the hub checks of the head of a page
            self.send({"errors": [], "warnings": []})

    def send(self, content, code=200):
        text = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def hub(monkeypatch):
    with Hub() as server:
        thread = threading.Thread(target=functools.partial(server.serve_forever, 0.01))
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("HF_TOKEN", "hf_token_of_the_test")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def push(run, capsys):
    def go(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["push", str(run), *arguments])
        return (caught.value.code, *capsys.readouterr())

    return go


def test_a_model_is_uploaded_with_its_card(hub, push, run):
    code, out, err = push("me/tiny", "--license", "MIT", "--yes")
    assert code == 0, err
    address = f"http://127.0.0.1:{hub.server_port}/me/tiny"
    assert out == f"{address}\n"
    assert hub.made[0]["name"] == "tiny"
    assert hub.tokens == {"Bearer hf_token_of_the_test"}
    weights = (run / "generator_best.safetensors").read_bytes()
    assert hub.files["generator_best.safetensors"] == weights
    assert {"README.md", "card.json", "2x-tiny.json", "experiment.toml"} < set(hub.files)
    entry = json.loads(hub.files["2x-tiny.json"])
    assert entry["resources"][0]["urls"] == [f"{address}/resolve/main/generator_best.safetensors"]


def test_nothing_is_uploaded_without_a_word(hub, push):
    code, _, err = push("me/tiny")
    assert code == 2
    assert "it is to be uploaded, and there is no terminal to ask at: add --yes" in err
    assert not hub.made


def test_who_is_not_logged_in_is_told_how(hub, push, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    code, _, err = push("me/tiny", "--yes")
    assert code == 1
    assert err.splitlines()[-1].startswith(
        "srcore: nobody is logged in to the hub: `hf auth login` does it"
    )


def test_a_refusal_of_the_hub_is_one_line(hub, push):
    hub.refuses = True
    code, _, err = push("me/tiny", "--yes")
    assert code == 1
    address = f"http://127.0.0.1:{hub.server_port}"
    last = err.splitlines()[-1]
    assert last.startswith(f"srcore: {address}/me/tiny: cannot be uploaded to {address}: ")
    assert "403 Forbidden" in last
    assert "Traceback" not in err


def test_a_wrong_name_is_refused_before_anything_is_read(hub, push):
    code, _, err = push("tiny", "--yes")
    assert (code, "expected OWNER/NAME, found tiny" in err) == (2, True)
