"""``srcore card`` as it is called, for runs of several stages and for such from a model."""

import json
import shutil

import pytest

import srcore
from srcore.cards.recipe import recipe_of
from srcore.cli.main import main
from srcore.plugin.manager import PluginManager


@pytest.fixture
def program(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        return (caught.value.code, *capsys.readouterr())

    return run


def test_the_card_lies_in_the_folder_of_the_run_which_is_overwritten_with_it(
    program, workplace, tmp_path
):
    for name in ("train", "validation", "tiny.toml", "runs"):
        copy = shutil.copytree if (workplace / name).is_dir() else shutil.copy
        copy(workplace / name, tmp_path / name)
    run = tmp_path / "runs/tiny"
    code, out, err = program("card", str(run), "--author", "me", "--tag", "photo")
    assert code == 0, err
    assert str(run / "card/README.md") in out.splitlines()
    assert program("card", str(run))[0] == 0  # written anew
    experiment = srcore.load_experiment(tmp_path / "tiny.toml")
    srcore.run(experiment, tmp_path / "runs", overwrite=True)
    assert not (run / "card").exists()


def test_a_folder_that_is_no_run_is_one_line(program, tmp_path):
    code, _, err = program("card", str(tmp_path))
    assert (code, err.count("\n")) == (2, 1)
    assert "is not a run of srcore" in err


STAGES = """
extends = "tiny.toml"
name = "two"
[[stages]]
name = "first"
[[stages]]
name = "second"
from = "first"
train = { iterations = 2 }
"""


def test_stages_and_models_are_named_as_they_were(program, workplace, tmp_path):
    file = workplace / "two.toml"
    file.write_text(STAGES, "utf-8")
    overrides = ["generator.weights=model:x2", 'drop=["generator.num_features"]']
    overrides += ["generator.num_features=32", "generator.num_blocks=6"]
    experiment = srcore.load_experiment(file, [overrides[0], *overrides[2:]])
    srcore.run(experiment, tmp_path / "runs")
    code, _, err = program("card", str(tmp_path / "runs/two"), "-o", str(tmp_path / "card"))
    assert code == 0, err
    told = json.loads((tmp_path / "card/card.json").read_text("utf-8"))
    assert told["iteration"] == 2
    assert 'weights = "model:x2"' in told["experiment"]["toml"]
    assert str(workplace) not in told["experiment"]["toml"]
    recipe = recipe_of(tmp_path / "runs/two", PluginManager(discover=False))
    assert [stage["name"] for stage in recipe.table["stages"]] == ["first", "second"]
