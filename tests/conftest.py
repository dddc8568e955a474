"""Fixtures that tests of several rooms share."""

import functools
import http.server
import threading
import time
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
import torch

from srcore.images import write_image
from srcore.networks.compact import Compact
from srcore.networks.edsr import EDSR
from srcore.networks.msrresnet import MSRResNet
from srcore.networks.rrdbnet import RRDBNet
from srcore.networks.swinir import SwinIR


@pytest.fixture
def two_sets_of_pairs(tmp_path):
    """Two sets of pairs; ``1`` is in both, ``2`` and ``3`` in one."""
    for place, names in (("a", "12"), ("b", "13")):
        for kind, side in (("hr", 4), ("lr", 2)):
            for name in names:
                image = np.full((side, side, 3), ord(place) + int(name), np.uint8)
                write_image(tmp_path / place / kind / f"{name}.png", image, durable=False)
    return tmp_path


@pytest.fixture
def common():
    """The folder of golden files that several tests read."""
    return Path(__file__).parent / "golden" / "common"


def _small_rrdbnet(**options):
    return RRDBNet(num_features=4, num_blocks=2, growth_channels=3, **options)


@pytest.fixture
def rrdbnet():
    """Factory of small RRDBNets."""
    torch.manual_seed(0)
    return _small_rrdbnet


@pytest.fixture
def networks():
    """Small networks of the types that have dialects, by type."""
    torch.manual_seed(0)
    return {
        "rrdbnet": _small_rrdbnet(scale=4),
        "edsr": EDSR(scale=4, num_features=4, num_blocks=2),
        "swinir": SwinIR(
            scale=4, img_size=8, window_size=4, embed_dim=4, depths=(2, 2), num_heads=(2, 1)
        ),
        "compact": Compact(scale=4, num_features=4, num_convs=2),
        "msrresnet": MSRResNet(scale=4, num_features=4, num_blocks=2),
    }


SWEEP = """
extends = "tiny.toml"
name = "swept"

[sweep]
search = "grid"

[[sweep.parameters]]
key = "generator.num_features"
values = [4, 8]

[[sweep.parameters]]
key = "train.accumulate"
low = 1
high = 2
step = 1
"""


@pytest.fixture
def swept(tiny_experiment):
    """The file of an experiment with a grid of four trials."""
    file = tiny_experiment.with_name("swept.toml")
    file.write_text(SWEEP)
    return file


class Answers:
    """What a server does wrong, by the number of requests that it does so; how long it waits."""

    def __init__(self, folder):
        self.folder, self.seconds = folder, 0.0
        self.failing = self.cutting = 0
        self.is_ranged = True
        self.forbidden = set()
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
        path = answers.folder / urllib.parse.unquote(self.path).partition("?")[0].lstrip("/")
        if self.path in answers.forbidden:
            self.send_error(403)
            return
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
