"""Shards as other programs write them."""

import functools
import http.server
import io
import tarfile
import threading
import time

import pytest


@pytest.fixture
def pack():
    """Write a shard of members: name -> content, or a function that changes the TarInfo."""

    def write(shard, members, format=tarfile.PAX_FORMAT):
        shard.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(shard, "w", format=format) as archive:
            for name, content in members:
                member = tarfile.TarInfo(name)
                if callable(content):
                    content(member)
                    content = b""
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return shard

    return write


@pytest.fixture
def images(tmp_path):
    """Contents of PNG files by name."""
    from srcore.testing import write_tiny_images

    folder = write_tiny_images(tmp_path / "images", 6, height=20, width=24)
    return {path.stem: path.read_bytes() for path in sorted(folder.iterdir())}


class Answers:
    """What a server does wrong, by the number of requests that it does so; how long it waits."""

    def __init__(self, folder):
        self.folder, self.seconds = folder, 0.0
        self.failing = self.cutting = 0
        self.is_ranged = True
        self.asked = []
        self.url = ""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Answers requests for ranges, as Python's own server does not."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *told):
        pass

    def do_GET(self):
        answers = self.server.answers
        time.sleep(answers.seconds)
        wanted = self.headers.get("Range")
        answers.asked.append((self.path, wanted))
        if answers.failing:
            answers.failing -= 1
            self.send_error(503)
            return
        path = answers.folder / self.path.lstrip("/")
        if not path.is_file():
            super().do_GET()  # lists folders
            return
        content, status = path.read_bytes(), 200
        if wanted and answers.is_ranged:
            start, _, end = wanted.removeprefix("bytes=").partition("-")
            content, status = content[int(start) : int(end) + 1], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if answers.cutting:
            answers.cutting -= 1
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self.wfile.write(content)


@pytest.fixture
def server(tmp_path):
    """A server of the folder ``served``; what it does wrong can be said."""
    answers = Answers(tmp_path / "served")
    answers.folder.mkdir()
    handler = functools.partial(Handler, directory=str(answers.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as service:
        service.answers = answers
        answers.url = f"http://127.0.0.1:{service.server_port}"
        thread = threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield answers
        service.shutdown()
        thread.join()
