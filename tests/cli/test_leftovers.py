"""Commands that are killed while they write: the next one cleans up after them."""

import signal
from pathlib import Path

import pytest

import srcore
from srcore.cli.main import main
from srcore.files.atomic import is_temporary
from srcore.launching.stages import run_experiment
from srcore.testing import write_tiny_images
from srcore.testing.killing import Changes, fork, wait
from srcore.testing.weights import write_weights

COMMANDS = {
    "upscale": ["upscale", "in", "-o", "out", "--weights", "m.safetensors", "--overwrite"],
    "degrade": [
        "prepare", "degrade", "in", "out", "--scale", "2", "--workers", "1", "--overwrite",
    ],
    "subimages": [
        "prepare", "subimages", "in", "out", "--crop", "8", "--workers", "1", "--overwrite",
    ],
    "lmdb": ["prepare", "lmdb", "in", "out.lmdb", "--overwrite"],
    "convert": ["convert", "m.safetensors", "out.pth", "--to", "basicsr", "--overwrite"],
    "evaluate": [
        "evaluate", "m.safetensors", "--data", "in", "--csv", "out.csv", "--overwrite",
    ],
    "report": ["report", "runs/tiny"],
}  # fmt: skip


def call(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


@pytest.mark.parametrize("command", COMMANDS)
def test_the_next_run_removes_what_a_killed_one_left(
    tiny_experiment, tmp_path, monkeypatch, capfd, command
):
    monkeypatch.chdir(tmp_path)
    write_tiny_images(Path("in"), 2)
    write_weights("m.safetensors", "edsr", num_features=4, num_blocks=1)
    if command == "report":
        loaded = srcore.load_experiment(tiny_experiment, ["train.iterations=1"])
        run_experiment(loaded, Path("runs"), quiet=True)

    monkeypatch.setattr("srcore.files.atomic._swept", set())  # as in a new process

    def killed(at):
        Changes(tmp_path, at).install()
        call(COMMANDS[command])

    for at in range(1, 50):
        assert wait(fork(lambda at=at: killed(at), Path("log"))) == -signal.SIGKILL, Path(
            "log"
        ).read_text()
        if left():
            break
    assert left()
    assert call(COMMANDS[command]) == 0
    assert not left()


def left():
    return [path for path in Path().rglob(".*") if is_temporary(path)]
