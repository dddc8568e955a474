"""``weights = "x4"`` of a network is the model of that name, as on the command line."""

import pytest

from srcore.config.named_models import with_addresses
from srcore.config.reading import SourcedText
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_checked


def addressed(table):
    return with_addresses(table, plugins().registry)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda network: {"generator": network},
        lambda network: {"discriminator": network},
        lambda network: {"networks": {"teacher": network}},
    ],
)
def test_networks_start_from_models_by_name(wrap, tmp_path):
    table = wrap({"weights": SourcedText("x4", tmp_path), "frozen": ["a"]})
    assert addressed(table) == wrap({"weights": "model:x4", "frozen": ["a"]})
    assert table == wrap({"weights": "x4", "frozen": ["a"]})


@pytest.mark.parametrize(
    "text", ["", "x4.pth", "model:x2", "stage:psnr/generator.safetensors", "no\0name", 4, "x" * 300]
)
def test_everything_else_stays(text):
    table = {"generator": {"weights": text}, "networks": {"a": 1}, "discriminator": "no"}
    assert addressed(table) == table


def test_a_file_is_taken_first(tmp_path):
    (tmp_path / "x4").write_bytes(b"")
    table = {"generator": {"weights": SourcedText("x4", tmp_path)}}
    assert addressed(table) == table


def test_an_experiment_starts_from_one(tiny_experiment, capsys):
    """Type, options and scale come with it; a run writes the address down."""
    text = tiny_experiment.read_text("utf-8")
    start = text.index("[generator]")
    end = text.index("\n[", start)
    tiny_experiment.write_text(f'{text[:start]}[generator]\nweights = "x2"\n{text[end:]}', "utf-8")
    loaded = load_checked(tiny_experiment)
    experiment = loaded.experiment(loaded.stages[0])
    assert (experiment.scale, experiment.generator.weights.source.address) == (2, "model:x2")
    assert experiment.generator.selected.type == "edsr"
