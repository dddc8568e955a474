"""``srcore ray`` in a program of its own: Ray starts processes, threads and filters of warnings."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from srcore.images import write_image
from srcore.testing.weights import write_weights


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a small network, which commands run in."""
    torch.manual_seed(0)
    write_weights(tmp_path / "tiny.safetensors", "edsr", num_features=4, num_blocks=1)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def images(place):
    """Writes images of three sizes into the folder ``in``: number of them -> nothing."""

    def images(count):
        generator = np.random.default_rng(0)
        for index in range(count):
            image = generator.integers(0, 256, (6 + index % 3, 8, 3), np.uint8)
            write_image(Path("in") / f"{index}.png", image, durable=False)

    return images


@pytest.fixture
def environment(monkeypatch):
    """What Ray needs to be alone: variables of a program that starts it."""
    pytest.importorskip("ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    # Paths of its sockets may have 107 characters; those of tmp_path can be too long for that.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield {**os.environ, "RAY_TMPDIR": folder, "RAY_memory_monitor_refresh_ms": "0"}


@pytest.fixture
def start(place, environment):
    """Starts ``srcore``: arguments -> the process, whose output is text."""
    started = []

    def start(*arguments, own=()):
        command = [sys.executable, "-m", "srcore", *own, *map(str, arguments)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    """Runs ``srcore`` to its end: arguments -> exit code, output, errors."""

    def run(*arguments, own=()):
        process = start(*arguments, own=own)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    return run


@pytest.fixture
def content():
    """Names and bytes of all files of a folder."""
    return lambda folder: {path.name: path.read_bytes() for path in Path(folder).iterdir()}
