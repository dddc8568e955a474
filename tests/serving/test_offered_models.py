"""What can be chosen: what was named, runs, models that are here, and those to be fetched."""

import shutil

import pytest

from srcore.plugin.manager import plugins
from srcore.serving.offered_models import FETCHED, GIVEN, HERE, RUNS, Offered

#: The second stage has begun, the last one has not; one name leads out of the run.
STAGED = """name = "a"
scale = 2
stages = [{ name = "../new" }, { name = "second" }, { name = "last" }]
"""


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SRCORE_MODELS", str(tmp_path / "cache"))


def make_run(folder, weights, text='name = "a"\nscale = 2\n', best=False):
    folder.mkdir(parents=True)
    (folder / "experiment.toml").write_text(text, "utf-8")
    if weights is not None:
        name = "generator_best.safetensors" if best else "generator.safetensors"
        shutil.copy(weights, folder / name)
    return folder


def by_group(offered):
    groups = {}
    for model in offered.models().values():
        groups.setdefault(model.group, []).append(model)
    return groups


def test_shipped_models_are_here_and_published_ones_are_to_be_fetched():
    groups = by_group(Offered(plugins().registry))
    assert [model.id for model in groups[HERE]] == ["real_x4", "x2", "x4"]
    assert all(model.offer == "" for model in groups[HERE])
    fetched = {model.id: model for model in groups[FETCHED]}
    model = fetched["realesrgan-x4plus"]
    assert model.scale == 4
    assert "BSD-3-Clause, 67.0 MB, from https://" in model.offer
    assert model.source.startswith("https://")
    assert "weights" not in model.as_dict()


def test_what_is_in_the_cache_needs_no_fetching(tmp_path, weights):
    from srcore.models.catalog import Catalog
    from srcore.models.model_files import ListedModel

    place = ListedModel(Catalog(plugins().registry).get("realesrgan-x4plus")).place()
    place.parent.mkdir()
    shutil.copy(weights, place)
    here = by_group(Offered(plugins().registry))[HERE]
    assert "realesrgan-x4plus" in [model.id for model in here]


def test_files_come_first_and_are_told_apart(tmp_path, weights, registry):
    (tmp_path / "other").mkdir()
    other = shutil.copy(weights, tmp_path / "other" / weights.name)
    given = by_group(Offered(registry, (weights, other)))[GIVEN]
    assert [model.id for model in given] == ["file:tiny.safetensors", "file:tiny.safetensors (2)"]
    assert [model.weights for model in given] == [str(weights), str(other)]


def test_models_that_were_named_come_first(registry):
    from srcore.models.resolving import source_of, weights_file

    named = weights_file("model:x4", registry)
    assert named.source == source_of("model:x4", registry)
    first = next(iter(Offered(registry, (named,)).models().values()))
    assert (first.id, first.group, first.weights) == ("x4", GIVEN, "model:x4")


def test_runs_offer_their_best_weights_and_appear_while_the_page_is_served(
    tmp_path, weights, registry
):
    offered = Offered(registry, (), tmp_path / "runs")
    assert RUNS not in by_group(offered)
    assert offered.reports() == {}
    make_run(tmp_path / "runs/new", None)
    make_run(tmp_path / "runs/done", weights, STAGED)
    make_run(tmp_path / "runs/done/second", weights, best=True)
    make_run(tmp_path / "runs/done/card", weights)  # as srcore card writes it
    (tmp_path / "runs/photos").mkdir()
    models = by_group(offered)[RUNS]
    assert [(model.id, model.scale) for model in models] == [
        ("run:done", 2),
        ("run:done/second", 2),
    ]
    assert models[1].weights.endswith("generator_best.safetensors")
    assert list(offered.reports()) == ["done", "new"]


def test_runs_that_were_named_come_first_and_equal_names_get_a_number(tmp_path, weights, registry):
    make_run(tmp_path / "runs/a", weights)
    named = make_run(tmp_path / "elsewhere/a", weights, "no toml")
    offered = Offered(registry, (named, tmp_path / "runs/a"), tmp_path / "runs")
    assert offered.reports() == {"a": named, "a (2)": tmp_path / "runs/a"}
    models = by_group(offered)
    assert [model.scale for model in models[GIVEN]] == [None, 2]
    assert RUNS not in models
