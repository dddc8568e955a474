"""An output that is there stays, whoever writes: one wording, exit code 2."""

import re

import pytest

from srcore.cli.main import main
from srcore.files.occupied import OccupiedError, refuse_existing
from srcore.testing import write_tiny_images
from srcore.testing.commands import all_commands
from srcore.testing.weights import write_weights

#: Each command that has ``--overwrite``, asked to write to what is there.
WRITING = {
    "run": "tiny.toml --output runs",
    "evaluate": "--scale 2 --data images --csv OUT",
    "profile": "tiny.toml --out traces",
    "report": "runs/tiny -o OUT",
    "upscale": "images/00.png -o OUT --weights m.safetensors --device cpu",
    "ray upscale": "images/00.png -o OUT --weights m.safetensors --device cpu",
    "schema": "-o OUT",
    "convert": "m.safetensors OUT --to safetensors",
    "prepare degrade": "images filled --scale 2",
    "prepare lmdb": "images filled.lmdb",
    "prepare subimages": "images filled --crop 8 --step 8",
    "prepare shards": "images filled",
    "prepare preview-degradation": "tiny.toml OUT",
    "esrdgan import": "m.safetensors OUT",
    "ldl map": "--sr images/00.png --hr images/00.png -o OUT",
    "usrdu export": "m.safetensors m.safetensors -o OUT",
}


@pytest.fixture
def place(tiny_experiment, tmp_path, monkeypatch):
    """Inputs of all kinds, and outputs that are there: OUT is a file."""
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "images", 1)
    for folder in ("filled", "filled.lmdb", "runs/tiny"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "data.mdb").touch()
    (tmp_path / "OUT.png").touch()
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces/tiny.trace.json").touch()
    write_weights(tmp_path / "m.safetensors", "edsr", num_features=4, num_blocks=1)
    if tiny_experiment.parent != tmp_path:
        (tmp_path / "tiny.toml").write_text(tiny_experiment.read_text())
    (tmp_path / "runs/tiny/experiment.toml").write_text('name = "tiny"\nscale = 2\n')
    (tmp_path / "runs/tiny/checkpoints").mkdir()
    (tmp_path / "runs/tiny/checkpoints/last.pt").touch()
    return tmp_path


@pytest.mark.parametrize(("command", "arguments"), WRITING.items())
def test_what_is_there_stays(command, arguments, place, capsys):
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    with pytest.raises(SystemExit) as caught:
        main([*command.split(), *arguments.replace("OUT", "OUT.png").split()])
    output = capsys.readouterr()
    assert (caught.value.code, output.out) == (2, "")
    (line,) = output.err.splitlines()
    wording = r": (exists|holds files|holds an earlier run); .*--overwrite( |,|$)"
    assert re.search(wording, line), line
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before


def test_all_commands_that_can_overwrite_are_tried():
    assert WRITING.keys() == {
        name
        for name, command in all_commands().items()
        if any("--overwrite" in parameter.opts for parameter in command.params)
    }


def test_all_are_named_by_the_first(tmp_path):
    for name in "ab":
        (tmp_path / name).touch()
    paths = [tmp_path / "none", tmp_path / "a", tmp_path / "b"]
    with pytest.raises(OccupiedError, match=r"/a: exists, and 1 more outputs; overwrite=True "):
        refuse_existing(paths, overwrite=False)
    with pytest.raises(OccupiedError, match=r"; look elsewhere, overwrite=True replaces it$"):
        refuse_existing(paths, overwrite=False, alternative="look elsewhere")
    refuse_existing(paths, overwrite=True)
    refuse_existing(paths[:1], overwrite=False)
