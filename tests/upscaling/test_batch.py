import numpy as np
import pytest
import torch

from srcore.errors import DataError, Interrupted
from srcore.images import write_image
from srcore.upscaling import batch, reading_ahead
from srcore.upscaling.batch import (
    Result,
    Settings,
    _refusal,
    counts_in_words,
    pixels_of,
    sizes_by_headers,
    upscale_files,
)
from srcore.upscaling.jobs import Task
from srcore.upscaling.sizing import Sizing


class Twice(torch.nn.Module):
    scale = 2

    def forward(self, lr):
        return lr.repeat_interleave(2, -1).repeat_interleave(2, -2)


@pytest.fixture
def tasks(tmp_path):
    made = []
    for index in range(3):
        path = tmp_path / f"{index}.png"
        write_image(path, np.full((4, 4 + index, 3), 9, np.uint8), durable=False)
        made.append(Task(path, tmp_path / "out" / f"{index}.png"))
    return made


def _run(tasks, network=None):
    return list(upscale_files(network or Twice(), tasks, Settings(), lambda pixels: None))


def _failing(function, error, on):
    """The function, which raises when an argument's text ends with ``on``."""

    def wrapped(*arguments, **options):
        if any(str(argument).endswith(on) for argument in arguments):
            raise error
        return function(*arguments, **options)

    return wrapped


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (reading_ahead, "header_of"),
        (reading_ahead, "decode_open"),
        (batch, "check_writable"),
        (batch, "write_bands"),
    ],
)
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TypeError("int() argument must be"), r"1\.png: TypeError: int\(\) argument must be"),
        (MemoryError("Unable to allocate 9 GiB"), "1.png: not enough memory: Unable to alloc"),
        (RuntimeError("out of memory: 9 GiB"), "1.png: not enough memory: out of memory"),
        (
            OSError(28, "No space left on device"),
            "1.png: (OSError|cannot be read): .*No space",
        ),
        (ValueError("decoder"), "1.png: ValueError: decoder"),
        (DataError("odd"), "1.png: odd"),
    ],
)
def test_whatever_fails_for_one_file_the_others_are_done(
    tasks, monkeypatch, module, step, error, message
):
    monkeypatch.setattr(module, step, _failing(getattr(module, step), error, "1.png"))
    results = sorted(_run(tasks), key=lambda result: result.task.source.path)
    assert [result.status for result in results] == ["done", "failed", "done"]
    assert "\n" not in results[1].message
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(results[1].message)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif", ".gif", ".tif", ".png"])
def test_what_no_file_can_hold_is_known_before_the_first_call_of_the_network(tasks, suffix):
    """By the headers of all files; sizes are those of the format, TIFF's that of all pixels."""

    class Untouched(Twice):
        def forward(self, lr):
            raise AssertionError("the network ran")

    sides = {".jpg": 65500, ".webp": 16383, ".avif": 65535, ".gif": 65535, ".png": 2**31 - 1}
    width = sides.get(suffix, 40000)
    height = 40000 if suffix == ".tif" else 8
    many = [Task(task.source, task.target.with_suffix(suffix)) for task in tasks]
    for extra in (0, 1):
        size = (height, width + extra) if suffix != ".tif" else (height, 35651 + extra * 200)
        sizing = Sizing(width=size[1], height=size[0], fit="stretch")
        settings = Settings(sizing=sizing)
        refusals = [_refusal(task, settings, 2) for task in many]
        assert all((it is not None) == bool(extra) for it in refusals)
        if extra:
            results = list(upscale_files(Untouched(), many, settings, lambda pixels: None))
            assert [result.status for result in results] == ["failed"] * 3
            assert f"{suffix} holds at most" in results[0].message


def test_an_interrupt_is_no_failure_of_a_file(tasks, monkeypatch):
    interrupt = Interrupted(15, "stop")
    failing = _failing(reading_ahead.decode_open, interrupt, "1.png")
    monkeypatch.setattr(reading_ahead, "decode_open", failing)
    with pytest.raises(Interrupted, match="stop"):
        _run(tasks)


def test_a_network_that_fails_on_one_image_enlarges_the_others(tasks):
    class Picky(Twice):
        def forward(self, lr):
            if lr.shape[-1] == 5:
                raise IndexError("odd width")
            return super().forward(lr)

    results = _run(tasks, Picky())
    assert [result.status for result in results] == ["done", "failed", "done"]
    assert "1.png: IndexError: odd width" in results[1].message


def test_the_last_line_counts_by_reason(tmp_path):
    task = Task(tmp_path / "a.png", tmp_path / "b.jpg")
    messages = [
        f"{task.source}: no such file",
        f"{task.source}: {task.target}: .jpg holds 8 bits per channel only; use .png or .tif",
        f"{task.source}: not enough memory: 9 GiB",
        f"{task.source}: not enough memory: 8 GiB",
    ]
    results = [
        Result(task, "done"),
        Result(task, "skipped"),
        *(Result(task, "failed", message) for message in messages),
    ]
    assert counts_in_words(results) == (
        "1 done, 1 skipped, 4 failed: 2 not enough memory, 1 no such file, "
        "1 .jpg holds 8 bits per channel only"
    )
    assert counts_in_words(results[:2]) == "1 done, 1 skipped"
    many = [Result(task, "failed", f"reason {index}") for index in range(12)]
    assert counts_in_words(many).endswith("1 reason 7, 4 for other reasons")


def test_sizes_are_those_of_the_headers(tasks):
    tasks[1].source.path.write_text("no image")
    assert sizes_by_headers(tasks) == [(4, 4), (0, 0), (4, 6)]
    assert pixels_of(tasks) == [16, 0, 24]
