import contextlib
import threading
from contextlib import closing

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import Origin, write_image
from srcore.upscaling import reading_ahead
from srcore.upscaling.inputs import LocalFile
from srcore.upscaling.reading_ahead import inputs_in_turn


class Far(LocalFile):
    """A file that takes a while; how many are open is counted."""

    is_far = True
    open = 0
    lock = threading.Lock()

    @contextlib.contextmanager
    def opened(self):
        with LocalFile.opened(self) as file, self._counted():
            yield file

    @contextlib.contextmanager
    def _counted(self):
        with Far.lock:
            Far.open += 1
        try:
            yield
        finally:
            with Far.lock:
                Far.open -= 1


@pytest.fixture(params=[LocalFile, Far])
def sources(request, tmp_path):
    for number in range(30):
        image = np.full((4 + number % 3, 5, 3), number, np.uint8)
        write_image(tmp_path / f"{number}.png", image, durable=False)
    return [request.param(tmp_path / f"{number}.png") for number in range(30)]


@pytest.mark.parametrize("limit", [10**9, 45, 0])
def test_inputs_come_in_order_whatever_memory_holds(sources, monkeypatch, limit):
    monkeypatch.setattr(reading_ahead, "_READ_AHEAD_PIXELS", limit)
    with closing(inputs_in_turn(sources)) as inputs:
        for number, read in enumerate(inputs):
            result = read()
            assert result.image.shape == (4 + number % 3, 5, 3)
            assert (result.image == number).all()
            assert result.header.height == 4 + number % 3
            assert result.origin == Origin.of(sources[number].path)
    assert number == 29
    assert Far.open == 0


def test_one_that_fails_is_told_at_its_turn(sources):
    sources[3].path.write_text("no image")
    sources[4].path.unlink()
    failed = []
    with closing(inputs_in_turn(sources)) as inputs:
        for number, read in enumerate(inputs):
            try:
                read()
            except DataError as error:
                failed.append((number, str(error).rpartition("/")[2]))
    assert failed == [
        (3, "3.png: not an image (or of an unknown format)"),
        (4, "4.png: no such file"),
    ]


@pytest.mark.parametrize("limit", [10**9, 0])
def test_nothing_stays_open_when_a_job_ends_early(sources, monkeypatch, limit):
    monkeypatch.setattr(reading_ahead, "_READ_AHEAD_PIXELS", limit)
    with closing(inputs_in_turn(sources)) as inputs:
        next(inputs)()
        next(inputs)
    for _ in range(1000):
        if not Far.open:
            break
        threading.Event().wait(0.01)
    assert Far.open == 0


def test_no_inputs_are_none():
    assert list(inputs_in_turn([])) == []
