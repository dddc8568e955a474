"""Weights that have to be downloaded are had before the first stage trains, or nothing begins."""

import json

import pytest
import torch
from click.testing import CliRunner

import srcore
from srcore.cli.main import cli
from srcore.errors import WeightsError
from srcore.launching.stages import run_experiment
from srcore.testing.experiments import load_checked, load_unchecked
from srcore.weights.pretrained import Pretrained, fetch_missing, hub_file, missing

STAGES = """\
extends = "tiny.toml"
name = "both"
[[stages]]
name = "first"
[[stages]]
name = "second"
from = "first"
[[stages.losses]]
type = "perceptual"
"""


@pytest.fixture
def both(tiny_experiment, tmp_path, monkeypatch):
    """An experiment whose second stage wants VGG19, on a machine without it and offline."""

    def offline(url, target, **_):
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    file = tiny_experiment.with_name("both.toml")
    file.write_text(STAGES)
    return file


def test_an_offline_machine_is_found_before_anything_trains_or_is_deleted(both, tmp_path):
    run_experiment(srcore.load_experiment(both.with_name("tiny.toml")), tmp_path, quiet=True)
    with pytest.raises(WeightsError, match="VGG19's ImageNet weights could not be downloaded"):
        run_experiment(srcore.load_experiment(both), tmp_path, quiet=True)
    assert not (tmp_path / "both").exists()
    loaded = srcore.load_experiment(both, ["name=tiny"])
    with pytest.raises(WeightsError, match=r"put vgg19-dcbb9e9d.pth from https://"):
        run_experiment(loaded, tmp_path, overwrite=True)
    assert (tmp_path / "tiny/generator.safetensors").is_file()


def test_check_says_what_will_be_downloaded(both):
    done = CliRunner().invoke(cli, ["check", str(both)])
    assert done.exit_code == 0
    assert done.output.splitlines()[1:] == [
        f"{both}: needs VGG19's ImageNet weights (575 MB); downloaded before the first stage, if "
        "missing"
    ]
    outcome = json.loads(CliRunner().invoke(cli, ["check", str(both), "--json"]).output)
    assert outcome["downloads"] == ["VGG19's ImageNet weights (575 MB)"]
    file = hub_file("vgg19-dcbb9e9d.pth")
    file.parent.mkdir(parents=True)
    file.touch()
    assert len(CliRunner().invoke(cli, ["check", str(both)]).output.splitlines()) == 1


def test_files_lie_where_pytorch_looks_for_them(monkeypatch, tmp_path):
    for variables in ({}, {"XDG_CACHE_HOME": str(tmp_path / "x")}, {"TORCH_HOME": "~/torch"}):
        for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert str(hub_file("x").parent.parent) == torch.hub.get_dir()


def test_what_only_building_downloads_is_built_once(isolated_plugins, tiny_experiment):
    import attrs

    built = []

    @attrs.frozen(kw_only=True)
    class Options:
        """A metric by a network of others."""

        def pretrained(self):
            """Its network."""
            return (Pretrained("weights"),)

    class Learned:
        """Says that it was built."""

        higher_is_better = True

        def __init__(self):
            built.append(1)

        def __call__(self, sr, hr, *, crop_border):
            return 0.0

    isolated_plugins.registry.add("metric", "learned", Options, Learned)
    table = 'metrics=[{type="learned"}, {type="learned", name="again"}]'
    loaded = load_checked(tiny_experiment, [table])
    experiments = [loaded.experiment(stage) for stage in loaded.stages] * 2
    assert [entry.what for entry in missing(experiments)] == ['weights of "learned"']
    fetch_missing(experiments)
    assert built == [1]


def test_nothing_is_wanted_by_random_weights_or_files_of_ones_own(both, tmp_path):
    (tmp_path / "vgg.pth").touch()
    for choice in ('weights="random"', f'weights="file", file="{tmp_path}/vgg.pth"'):
        loaded = load_unchecked(both, [f'stages.second.losses=[{{type="perceptual", {choice}}}]'])
        assert missing(loaded.experiment(stage) for stage in loaded.stages) == []
