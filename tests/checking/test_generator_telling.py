"""A generator that is named by its weights alone."""

import pytest
import torch

from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.networks.compact import Compact
from srcore.testing import runs, write_tiny_images
from srcore.testing.experiments import load_checked, load_unchecked
from srcore.testing.weights import write_weights

TEXT = """
{scale}
losses = [{{ type = "l1" }}]
[generator]
weights = "{file}"
{keys}
[data.train]
type = "hr_folder"
hr = "images"
hr_patch_size = 32
"""


@pytest.fixture
def experiment(tmp_path):
    """Writes an experiment beside a file of EDSR x2 with eight features."""
    write_tiny_images(tmp_path / "images", 2, height=48, width=48)
    write_weights(tmp_path / "edsr.safetensors", "edsr", scale=2, num_features=8, num_blocks=1)
    file = tmp_path / "x.toml"

    def write(weights="edsr.safetensors", scale="", keys=""):
        file.write_text(TEXT.format(file=weights, scale=scale, keys=keys))
        return file

    return write


def typed(file):
    loaded = load_checked(file)
    return loaded.experiment(loaded.stages[0])


def test_the_file_tells_type_options_and_scale(experiment):
    typed_experiment = typed(experiment())
    selected = typed_experiment.generator.selected
    assert (selected.type, typed_experiment.scale) == ("edsr", 2)
    assert (selected.options.num_features, selected.options.num_blocks) == (8, 1)
    assert typed_experiment.generator.weights.name == "edsr.safetensors"


def test_files_of_other_programs_tell_it_too(experiment, tmp_path):
    torch.save({"params": Compact(4, 8, 1).state_dict()}, tmp_path / "4x.pth")
    typed_experiment = typed(experiment("4x.pth"))
    assert (typed_experiment.generator.selected.type, typed_experiment.scale) == ("compact", 4)
    assert typed_experiment.generator.selected.options.num_convs == 1


def test_keys_of_the_experiment_win(experiment):
    typed_experiment = typed(
        experiment(scale="scale = 4", keys="res_scale = 0.5\npartial_weights = true")
    )
    assert typed_experiment.scale == 4
    assert typed_experiment.generator.selected.options.res_scale == 0.5


def test_with_a_type_the_file_is_not_asked(experiment):
    keys = 'type = "edsr"\nnum_features = 16\npartial_weights = true'
    typed_experiment = typed(experiment(scale="scale = 2", keys=keys))
    assert typed_experiment.generator.selected.options.num_blocks == 16


def test_a_file_that_is_not_there_is_told_as_ever(experiment):
    with pytest.raises(ConfigError, match=r"generator\.weights: .* does not exist") as caught:
        load_checked(experiment("none.pth"))
    assert "generator.type" in str(caught.value)


def test_a_file_that_nobody_knows_is_one_line(experiment, tmp_path):
    torch.save({"a.weight": torch.ones(1)}, tmp_path / "odd.pth")
    with pytest.raises(ConfigError, match=r"x\.toml: generator\.weights: .*unknown architecture"):
        load_unchecked(experiment("odd.pth"))


def test_stages_share_what_the_file_tells(experiment):
    file = experiment()
    file.write_text(
        file.read_text() + '\n[[stages]]\nname = "a"\n[[stages]]\nname = "b"\nfrom = "a"\n'
    )
    loaded = load_checked(file)
    types = [loaded.experiment(stage).generator.selected.type for stage in loaded.stages]
    assert types == ["edsr", "edsr"]


@pytest.mark.parametrize("stages", ["", '[[stages]]\nname = "first"\n'])
def test_a_run_goes_on_without_the_file_that_told_its_generator(
    stages, experiment, tmp_path, monkeypatch
):
    file = experiment()
    short = ("train.iterations=2", "train.checkpoint_every=1", "train.device=cpu", "name=short")
    with open(file, "a") as stream:
        stream.write(stages)
    runs.train_run(load_unchecked(file, short), tmp_path / "runs")
    (tmp_path / "edsr.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"generator\.type: expected the name"):
        load_checked(file, short)
    longer = ("train.iterations=3", *short[1:])
    loaded = load_checked(file, longer, resumed=tmp_path / "runs", output=tmp_path / "runs")
    assert loaded.experiment(loaded.stages[0]).scale == 2
    run_experiment(loaded, tmp_path / "runs", resume=True, quiet=True)
    (folder,) = [path.parent.parent for path in (tmp_path / "runs").rglob("last.pt")]
    assert torch.load(folder / "checkpoints/last.pt", weights_only=True)["iteration"] == 3
