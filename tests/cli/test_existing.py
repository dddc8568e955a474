"""A path that is not there is wrong use: one line, exit code 2, before anything is done."""

import click
import pytest

from srcore.cli.existing import ExistingPath, refuse_absent_inputs, refuse_missing
from srcore.cli.main import main
from srcore.testing import write_tiny_images
from srcore.testing.commands import all_commands

#: What each command reads, named where nothing is: GONE.
READING = {
    "new": ["GONE", "--from-weights GONE"],
    "estimate": ["GONE"],
    "profile": ["GONE"],
    "check": ["GONE", "TINY --weights GONE"],
    "run": ["GONE", "TINY --weights GONE"],
    "sweep": ["GONE", "TINY --weights GONE"],
    "evaluate": [
        "GONE --data IMAGES", "--scale 2 --data GONE", "--scale 2 --data set=GONE",
        "--scale 2 --hr GONE --lr IMAGES", "--scale 2 --hr IMAGES --lr GONE",
        "--pictures GONE", "--pictures own=GONE", "--pictures IMAGES --hr GONE",
        "x2 --data IMAGES --calibration GONE",
    ],
    "report": ["GONE", "IMAGES GONE"],
    "upscale": ["GONE", "GONE GONE", "IMAGES --weights GONE", "IMAGES --calibration GONE"],
    "ray upscale": ["GONE", "GONE GONE", "IMAGES --weights GONE", "IMAGES --calibration GONE"],
    "card": ["GONE"],
    "push": ["GONE me/model"],
    "serve": ["GONE", "--calibration GONE"],
    "prepare degrade": ["GONE out --scale 2"],
    "prepare lmdb": ["GONE out.lmdb"],
    "prepare subimages": ["GONE out"],
    "prepare shards": ["GONE out", "IMAGES out --lr GONE"],
    "prepare verify": ["GONE"],
    "prepare preview-degradation": ["GONE sheet.png"],
    "convert": [
        "GONE out.safetensors --to safetensors",
        "x2 out.onnx --to onnx --precision int8 --calibration GONE",
    ],
    "esrdgan import": ["GONE out.safetensors", "GONE.ini out.toml"],
    "esrdgan continue": ["GONE IMAGES 1", "TINY GONE 1"],
    "ldl map": [
        "--sr GONE --hr A_FILE -o map.png", "--sr A_FILE --hr GONE -o map.png",
        "--sr A_FILE --hr A_FILE --ema GONE -o map.png",
    ],
    "usrdu export": ["GONE A_FILE -o out.pth", "A_FILE GONE -o out.pth"],
    "usrdu kernels": ["GONE -o kernels"],
}  # fmt: skip
#: They read no path that is named.
OTHERS = {"models", "components", "plugins", "new-plugin", "schema", "completion"}


def test_all_commands_are_tried():
    assert {*READING, *OTHERS} == all_commands().keys()


@pytest.mark.parametrize(
    ("command", "arguments"), [(name, it) for name, given in READING.items() for it in given]
)
def test_a_path_that_is_not_there_is_wrong_use(
    command, arguments, tmp_path, tiny_experiment, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    images = tmp_path / "pictures"
    places = {
        "IMAGES": images,
        "A_FILE": write_tiny_images(images, 1) / "00.png",
        "TINY": tiny_experiment,
        "GONE": "is_not_there",
    }
    for word, place in places.items():
        arguments = arguments.replace(word, str(place))
    before = set(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as caught:
        main([*command.split(), *arguments.split()])
    output = capsys.readouterr()
    assert (caught.value.code, output.out) == (2, "")
    (line,) = output.err.splitlines()
    assert line.startswith("srcore: ")
    assert "is_not_there" in line
    assert "does not exist" in line or "no such file or " in line
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    ["report photos", "report runs photos", "card photos", "push photos me/model", "serve photos"],
)
def test_a_folder_that_is_no_run_is_wrong_use(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "photos", 1)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/experiment.toml").write_text('name = "a"\nscale = 2\n')
    with pytest.raises(SystemExit) as caught:
        main(arguments.split())
    output = capsys.readouterr()
    assert (caught.value.code, output.out) == (2, "")
    assert output.err == (
        "srcore: photos: is not a run of srcore; expected a folder with experiment.toml, such as "
        "runs/quickstart\n"
    )


def test_the_nearest_model_is_offered(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["convert", "realesrgan-x4plu", "out.safetensors", "--to", "safetensors"])
    assert 'published model; did you mean "realesrgan-x4plus"?' in capsys.readouterr().err


def test_the_nearest_name_is_offered(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "note.txt").touch()
    folder, file = ExistingPath("folder"), ExistingPath("file")
    assert folder.convert(str(tmp_path / "photos"), None, None) == tmp_path / "photos"
    with pytest.raises(click.BadParameter, match='does not exist; did you mean "photos"'):
        folder.convert(str(tmp_path / "photo"), None, None)
    with pytest.raises(click.BadParameter, match=r"expected a file; .* is not one"):
        file.convert(str(tmp_path / "photos"), None, None)
    with pytest.raises(click.UsageError, match=r"^--data: expected a folder; .*txt is not one"):
        refuse_missing("--data", tmp_path / "note.txt", "folder")


def test_inputs_of_which_one_is_there_are_tried(tmp_path):
    refuse_absent_inputs(["gone.png", str(tmp_path)])
    refuse_absent_inputs(["gone/*.png"])
    with pytest.raises(click.UsageError, match=r"^INPUT: expected a file or folder; gone\.png"):
        refuse_absent_inputs(["gone.png", "gone.jpg"])
