"""Experiments to begin with: shipped ones, in one file, of the network of a file."""

import pytest

from srcore.config.reading import read_experiment
from srcore.plugin.manager import plugins
from srcore.testing import write_tiny_images
from srcore.testing.commands import run_command
from srcore.testing.weights import write_weights


def test_it_lists_and_prints_shipped_experiments(capsys):
    code, out, _ = run_command(capsys, "new")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert names
    code, out, _ = run_command(capsys, "new", names[0])
    assert code == 0
    assert "scale" in out or "extends" in out


@pytest.mark.parametrize("name", sorted(plugins().registry.experiments()))
def test_flat_experiments_say_the_same_in_one_file(capsys, tmp_path, name):
    code, out, _ = run_command(capsys, "new", name, "--flat")
    assert code == 0
    assert "extends" not in out
    (tmp_path / "flat.toml").write_text(out)
    assert (
        read_experiment(tmp_path / "flat.toml", registry=plugins().registry).table
        == read_experiment(name, registry=plugins().registry).table
    )


def test_flat_needs_a_name(capsys):
    code, _, err = run_command(capsys, "new", "--flat")
    assert code == 2
    assert "--flat needs the name of an experiment" in err


@pytest.fixture
def weights(tmp_path):
    """A file of a small EDSR x2."""
    write_weights(tmp_path / "2x-own.safetensors", "edsr", scale=2, num_features=8, num_blocks=1)
    return tmp_path / "2x-own.safetensors"


def test_it_begins_with_the_network_of_a_file(capsys, weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run_command(capsys, "new", "--from-weights", weights)
    assert code == 0
    for folder in ("train", "validation"):
        write_tiny_images(tmp_path / folder, 2, height=256, width=256)
    (tmp_path / "x.toml").write_text(out)
    code, out, _ = run_command(capsys, "check", "x.toml")
    assert code == 0
    held = 'generator.weights: 2x-own.safetensors holds type = "edsr", num_features = 8'
    assert held in out
    assert out.splitlines()[0].endswith("; scale = 2")


def test_it_asks_for_crops_of_images_of_any_size(capsys, weights):
    _, out, _ = run_command(capsys, "new", "--from-weights", weights)
    assert "\nhr_patch_size = 128\n" in out


def test_it_asks_for_pairs_where_nothing_is_enlarged(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_weights(tmp_path / "1x-own.safetensors", "compact", scale=1, num_features=4, num_convs=1)
    _, out, _ = run_command(capsys, "new", "--from-weights", tmp_path / "1x-own.safetensors")
    for folder in ("train", "validation"):
        write_tiny_images(tmp_path / folder / "clean", 2, height=72, width=80)
        write_tiny_images(tmp_path / folder / "damaged", 2, height=72, width=80)
    (tmp_path / "x.toml").write_text(out)
    assert run_command(capsys, "check", "x.toml")[0] == 0
    assert "\nhr_patch_size = 64\n" in out


def test_it_extends_an_experiment_with_the_network_of_a_file(capsys, weights, tmp_path):
    code, out, _ = run_command(capsys, "new", "esrgan_x4", "--from-weights", weights)
    assert code == 0
    (tmp_path / "x.toml").write_text(out)
    table = read_experiment(tmp_path / "x.toml", registry=plugins().registry).table
    assert (table["generator"]["type"], table["scale"]) == ("edsr", 2)
    assert "stages" in table


def test_what_it_cannot_begin_with_is_said(capsys, tmp_path, weights):
    (tmp_path / "x.pth").write_bytes(b"no weights")
    assert run_command(capsys, "new", "--from-weights", tmp_path / "x.pth")[0] == 1
    code, _, err = run_command(capsys, "new", "esrgan_x4", "--flat", "--from-weights", weights)
    assert code == 2
    assert "--flat and --from-weights cannot be combined" in err
