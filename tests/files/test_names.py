"""Names that become folders: the same rule for runs, stages and validation sets."""

import pytest
import torch

import srcore
from srcore.errors import ConfigError
from srcore.files.names import name_complaint, name_key, same_names
from srcore.testing.experiments import load_checked, load_unchecked

GOOD = (
    "x4",
    "my run, v1.2",
    "B\u00e4ume",
    "\u8d85\u89e3\u50cf",
    "-x",
    "a" * 128,
    "console",
    "~nouser",
    "com10",
)
BAD = {
    "": "is empty",
    ".": "is a folder of every folder",
    "..": "is a folder of every folder",
    "../x": 'holds "/"',
    "/": 'holds "/"',
    "a\\b": 'holds "\\"',
    "c:": 'holds ":"',
    "a*": 'holds "*"',
    'a"b': 'holds "',
    "a\0b": "cannot be shown",
    "a\nb": "cannot be shown",
    "\udcff": "cannot be shown",
    ".hidden": 'begins with "."',
    " x": 'begins with " "',
    "x.": 'ends with "."',
    "x ": 'ends with " "',
    "con": "is a device on Windows",
    "Aux.old": "is a device on Windows",
    "nul .x": "is a device on Windows",
    "lpt9": "is a device on Windows",
    "\u00e4" * 65: "is longer than 128 bytes",
}


@pytest.mark.parametrize("name", GOOD)
def test_names_of_all_languages_are_taken(name):
    assert name_complaint(name) == ""


@pytest.mark.parametrize(("name", "reason"), BAD.items(), ids=map(ascii, BAD))
def test_names_that_are_no_folder_somewhere_are_refused_in_one_line(name, reason):
    complaint = name_complaint(name)
    assert complaint.endswith(reason)
    assert complaint.isprintable()


def test_names_that_share_a_file_somewhere_are_found():
    assert name_key("Stra\u00dfe") == name_key("STRASSE")
    assert name_key("\u00e4") == name_key("A\u0308")
    assert list(same_names(["a", "b", "A", "c", "B"])) == [("a", "A"), ("b", "B")]
    assert list(same_names(["a", "ab", "b"])) == []


@pytest.mark.parametrize("overrides", [(), ('name=""',)])
def test_an_empty_name_means_that_of_the_file(tiny_experiment, overrides):
    file = tiny_experiment.with_name("mine.toml")
    file.write_text('extends = "tiny.toml"\nname = ""\n')
    loaded = load_unchecked(file, overrides)
    assert loaded.name == "mine"
    assert loaded.experiment(loaded.stages[0]).name == "mine"


def test_a_file_whose_name_is_no_folder_needs_another(tiny_experiment):
    file = tiny_experiment.rename(tiny_experiment.with_name("aux.toml"))
    text = file.read_text().replace('name = "tiny"', "")
    file.write_text(text)
    with pytest.raises(Exception, match=r'aux.toml: name: expected .* found "aux", which is a dev'):
        load_checked(file)
    load_checked(file, ["name=mine"])


def test_inherited_weights_give_way_to_those_of_a_stage(tiny_experiment, tmp_path):
    network = srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1)
    torch.save(network.state_dict(), tmp_path / "start.pth")
    file = tiny_experiment.with_name("stages.toml")
    file.write_text(
        'extends = "tiny.toml"\ngenerator.weights = "start.pth"\n'
        '[[stages]]\nname = "a"\n[[stages]]\nname = "b"\nfrom = "a"\n'
    )
    first, second = (load_checked(file).experiment(stage) for stage in load_checked(file).stages)
    assert first.generator.weights.name == "start.pth"
    assert str(second.generator.weights) == "stage:a/generator.safetensors"


@pytest.mark.parametrize(
    ("name", "message"),
    [("3", "expected text, found 3"), ('"a/b"', 'expected the name of one folder, found "a/b"')],
)
def test_a_wrong_name_over_an_experiment_of_stages_is_told_once_where_it_is(
    tmp_path, name, message
):
    file = tmp_path / "mine.toml"
    file.write_text(f'extends = "esrgan_x4"\nname = {name}\n')
    with pytest.raises(ConfigError) as caught:
        load_checked(file)
    lines = [line for line in str(caught.value).splitlines() if "name: " in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"{file}: name: ")
    assert message in lines[0]
