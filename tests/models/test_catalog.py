"""What the lists of srcore hold, how names are found, and what models need."""

import re
from collections import Counter

import pytest

import srcore
from srcore.errors import PluginError, WeightsError
from srcore.models.catalog import Catalog
from srcore.plugin.manager import PluginManager


@pytest.fixture(scope="module")
def core():
    return Catalog(PluginManager(discover=False).registry)


def test_the_published_list_has_facts_of_many_models(core):
    published = [model for model in core.models.values() if model.url]
    assert len(published) == 140
    assert len({model.sha256 for model in published}) == 140
    assert all(model.url.startswith("https://") for model in published)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", model.date) for model in published)
    assert Counter(model.license for model in published)["CC-BY-4.0"] > 40
    model = core.models["realesrgan-x4plus"]
    assert (model.author, model.license, model.scale) == ("xinntao", "BSD-3-Clause", 4)


def test_the_shipped_models_say_what_they_were_trained_on(core):
    shipped = [model for model in core.models.values() if model.file]
    assert [model.name for model in shipped] == ["real_x4", "x2", "x4"]
    assert "Creative Commons" in shipped[0].remark
    assert all("non-commercial" in model.remark for model in shipped[1:])


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("realesrgan-x4plus", "realesrgan-x4plus"),
        ("RealESRGAN_x4plus", "realesrgan-x4plus"),
        ("4x-UltraSharpV2", "ultrasharpv2"),
        ("4xLSDIR", "lsdir"),
        ("4x-BSRGAN", "bsrgan-x4"),
    ],
)
def test_models_are_found_as_they_are_called_elsewhere(core, name, model):
    assert core.get(name).name == model


def test_names_of_several_models_are_asked_back(core):
    with pytest.raises(WeightsError, match='model "swift-srgan": swift-srgan-x2 or swift-srgan-x4'):
        core.get("swift-srgan")


def test_unknown_names_have_a_near_one(core):
    with pytest.raises(WeightsError, match='did you mean "realesrgan-x4plus"'):
        core.get("realesrgan-x4-plus")


def test_everything_that_is_asked_of_a_search_is_met(core):
    chosen = core.search(
        ("photo",), scale=4, architecture="RealPLKSR", license="cc", commercial=True
    )
    assert chosen
    for model in chosen:
        assert (model.scale, model.architecture) == (4, "realplksr")
        assert "-NC" not in model.license
    assert core.search(purpose="anime")
    assert core.search(("no such model",)) == []


def test_what_a_model_needs_is_said(core, monkeypatch):
    uses = {
        name: core.use(core.models[name]) for name in ("realesrgan-x4plus", "vhs2hd", "ludvae200")
    }
    assert uses["realesrgan-x4plus"].trains
    assert not uses["vhs2hd"].trains
    assert "it comes with srplug-spandrel (pip install srplug-spandrel)" in uses["vhs2hd"].needs
    assert uses["ludvae200"].needs.startswith("no package is known that reads it; take a")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    use = core.use(core.models["vhs2hd"])
    assert (use.upscales, use.needs) == (False, 'pip install "srcore[spandrel]" to upscale')


def test_networks_of_all_architectures_are_those_of_the_plugins():
    catalog = Catalog(PluginManager().registry)
    networks = {it.name for it in catalog.registry.components("network")}
    without = {name for name, it in catalog.architectures.items() if it.network not in networks}
    assert without <= {"srformer"}  # needs spandrel_extra_arches
    unread = {it.architecture for it in catalog.models.values()} - set(catalog.architectures)
    assert unread == {"hma", "ludvae", "tscunet"}


def test_two_lists_cannot_have_one_name(tmp_path):
    file = tmp_path / "models.toml"
    file.write_text(
        '[models.x4]\nauthor = "a"\nlicense = "b"\narchitecture = "edsr"\nscale = 4\n'
        f'url = "https://a.org/x"\nsha256 = "{"0" * 64}"\nbytes = 1\n'
    )

    class Plugin:
        __name__ = "stranger"

        @srcore.hookimpl
        def srcore_register_models(self, registry):
            registry.add_models(file)

    manager = PluginManager(discover=False, extra=[Plugin()])
    with pytest.raises(PluginError, match=r'model "x4" is registered by srcore .* and by stranger'):
        Catalog(manager.registry).get("x4")


def test_a_list_that_is_not_there_stops_the_program(tmp_path):
    class Plugin:
        __name__ = "stranger"

        @srcore.hookimpl
        def srcore_register_models(self, registry):
            registry.add_models(tmp_path / "models.toml")

    manager = PluginManager(discover=False, extra=[Plugin()])
    with pytest.raises(PluginError, match="hook srcore_register_models: no list of models "):
        manager.registry.model_lists()
