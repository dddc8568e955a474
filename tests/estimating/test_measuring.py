"""True steps of a tiny training: what they tell, and that nothing else is touched."""

import copy

import pytest

from srcore.estimating.measuring import measure
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_checked
from srcore.testing.pytest_plugin import TINY_GAN


def measured(file, folder, *overrides, **job):
    loaded = load_checked(file, overrides)
    experiment = loaded.experiment(loaded.stages[0])
    folder.mkdir()
    return measure(experiment, plugins(), folder, **{"seconds": 0.0, **job})


def test_what_a_training_takes(tiny_experiment, tmp_path):
    before = set(tmp_path.iterdir())
    figures = measured(tiny_experiment, tmp_path / "probe")
    assert set(tmp_path.iterdir()) == before | {tmp_path / "probe"}
    (cost,) = figures["networks"]
    assert (cost["name"], cost["type"], cost["input"]) == ("generator", "EDSR", (3, 16, 16))
    assert (figures["images"], figures["batch_size"], figures["steps"]) == (6, 4, 3)
    # a step goes forward once and back about twice
    assert 2 < figures["multiply_adds"] / (cost["multiply_adds"] * 4) <= 3
    assert cost["activations"] > 16 * 16 * 8 * 4 * 4  # a map of 8 channels for 4 images
    assert figures["step_seconds"] > 0
    assert figures["memory"]["process"] >= figures["memory"]["start"] > 0
    run = tmp_path / "probe" / "run"
    assert figures["checkpoint_bytes"] == (run / "checkpoints" / "last.pt").stat().st_size
    assert figures["weights_bytes"] >= (run / "generator.safetensors").stat().st_size
    assert (figures["validated"], figures["validation_images"]) == (2, 2)
    assert figures["pictures_bytes"] > 0


def test_all_networks_and_losses_take_part(tiny_experiment, tmp_path):
    table = tiny_experiment.read_text("utf-8").replace('[[losses]]\ntype = "l1"\n', TINY_GAN)
    tiny_experiment.write_text(table, "utf-8")
    figures = measured(tiny_experiment, tmp_path / "probe", validates=False)
    assert [cost["name"] for cost in figures["networks"]] == ["generator", "discriminator"]
    assert all(cost["multiply_adds"] for cost in figures["networks"])
    assert {"l1", "adversarial"} <= figures["terms"].keys()
    assert "validation" not in figures["memory"]


def test_a_step_that_is_measured_is_that_of_the_training(tiny_experiment, tmp_path):
    """Equal probes end with equal losses: measuring draws nothing and changes nothing."""
    first = measured(tiny_experiment, tmp_path / "first", validates=False)
    other = measured(tiny_experiment, tmp_path / "other", validates=False)
    assert first["terms"] == other["terms"]


@pytest.mark.parametrize("count", [1, 5])
def test_few_images_stand_for_all(tiny_experiment, tmp_path, count):
    from srcore.engine.validation_sets import validation_sets
    from srcore.estimating.few_images import few_images
    from srcore.testing import write_tiny_images

    write_tiny_images(tmp_path / "validation", count, seed=100)
    if count > 1:
        write_tiny_images(tmp_path / "larger", 1, height=96, width=96)
        (tmp_path / "larger" / "00.png").rename(tmp_path / "validation" / "04.png")
    loaded = load_checked(tiny_experiment)
    experiment = loaded.experiment(loaded.stages[0])
    (chosen,) = few_images(experiment, validation_sets(experiment))
    assert chosen.count == max(2, count)
    if count > 1:
        assert copy.copy(chosen.few.indices) == [0, 1, 4]
        assert chosen.factor == pytest.approx(8 / 6)  # 4 small ones and one of 4 times that
