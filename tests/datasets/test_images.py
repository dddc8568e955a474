"""Images from any source: folders, LMDB, and what a plugin brings."""

import zipfile

import attrs
import numpy as np
import pytest

import srcore
from srcore import option
from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.prepare.lmdb import prepare_lmdb
from srcore.sources.source import EncodedSource
from srcore.testing import write_tiny_images
from srcore.testing.experiments import load_checked


@attrs.frozen(kw_only=True)
class ZipOptions:
    """Images of a zip file."""

    path: str = option(help="the file")


class Zip(EncodedSource):
    def __init__(self, path):
        self.file = zipfile.ZipFile(path)
        self.names = sorted(self.file.namelist())

    def __len__(self):
        return len(self.names)

    def name(self, index):
        return self.names[index].removesuffix(".png")

    def content(self, index):
        return self.file.read(self.names[index])


class Extra:
    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("source", "zip", ZipOptions, Zip)


@pytest.fixture(autouse=True)
def _plugged():
    with using(PluginManager(discover=False, extra=[Extra()])):
        yield


@pytest.fixture
def pairs(tiny_experiment):
    """HR images of a folder and LR images of a zip file, one more and in another order."""
    folder = tiny_experiment.parent
    write_tiny_images(folder / "small", 7, height=24, width=24)
    with zipfile.ZipFile(folder / "small.zip", "w") as file:
        for path in sorted((folder / "small").glob("*.png"), reverse=True):
            file.write(path, path.name)
    return folder


def experiment(folder, train):
    file = folder / "sourced.toml"
    file.write_text(
        (folder / "tiny.toml")
        .read_text()
        .replace(
            '[data.train]\ntype = "hr_folder"\nhr = "train"\n',
            f'[data.train]\ntype = "images"\n{train}\n',
        )
    )
    return file


def dataset(file):
    loaded = load_checked(file)
    return loaded.experiment(loaded.stages[0]).data.train.selected.build(scale=2)


def test_pairs_of_two_sources_are_found_by_name(pairs):
    sources = (
        f'hr = {{ type = "folder", path = "train" }}\n'
        f'lr = {{ type = "zip", path = "{pairs / "small.zip"}" }}'
    )
    result = dataset(experiment(pairs, sources))
    assert len(result) == 6
    whole = result.sample(4, None)
    assert np.array_equal(whole["lr"], srcore.testing.tiny_image(4, 24, 24))


def test_lr_is_made_where_there_is_no_source_of_it(pairs):
    result = dataset(experiment(pairs, 'hr = { type = "folder", path = "train" }'))
    assert result.sample(0, None)["lr"].shape == (24, 24, 3)


def test_lmdb_is_a_source(pairs, tmp_path):
    prepare_lmdb(pairs / "train", tmp_path / "x.lmdb")
    result = dataset(experiment(pairs, f'hr = {{ type = "lmdb", path = "{tmp_path / "x.lmdb"}" }}'))
    assert len(result) == 6
    assert result.name(0) == "00"


def test_a_run_reads_from_a_plugins_source_in_its_workers(pairs, tmp_path):
    sources = (
        f'hr = {{ type = "folder", path = "train" }}\n'
        f'lr = {{ type = "zip", path = "{pairs / "small.zip"}" }}\ncache = "memory"'
    )
    run_experiment(load_checked(experiment(pairs, sources)), tmp_path / "out", quiet=True)
    assert (tmp_path / "out/tiny/generator.safetensors").is_file()


def test_images_without_partner_and_of_wrong_sizes_are_told(pairs):
    hr = 'hr = { type = "folder", path = "small" }\n'
    lr = f'lr = {{ type = "zip", path = "{pairs / "small.zip"}" }}'
    with pytest.raises(ConfigError) as error:
        load_checked(experiment(pairs, hr + lr))
    assert "24x24 pixels (width x height); expected 32 or more" in str(error.value)
    assert "more of 7 images have such faults" in str(error.value)
    (pairs / "small.zip").unlink()
    with zipfile.ZipFile(pairs / "small.zip", "w") as file:
        file.write(pairs / "small/00.png", "00.png")
    with pytest.raises(ConfigError) as error:
        load_checked(experiment(pairs, 'hr = { type = "folder", path = "train" }\n' + lr))
    assert "lr has no partner for 5 images" in str(error.value)
