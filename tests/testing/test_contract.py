"""The contract that plugins inherit: what it tries, what it skips, where it works."""

from pathlib import Path

import pytest

import srcore
from srcore.models.lists import read_models
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing import PluginContract


class Stranger:
    """A plugin that was installed as no distribution."""

    __name__ = "stranger"

    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("loss", "no_l1", None, "torch.nn:Identity", needs=("a", "b"))
        registry.add("network", "no_net", None, "torch.nn:Identity")

    @srcore.hookimpl
    def srcore_register_weight_dialects(self, registry):
        registry.add_dialect("edsr_stranger", dict)


class Its(PluginContract):
    __test__ = False
    plugin = "stranger"


class Hooks:
    """A plugin without components."""

    __name__ = "stranger"

    @srcore.hookimpl
    def srcore_run_finished(self, run):
        pass


class Metafunc:
    fixturenames = ("registered",)

    def parametrize(self, name, values):
        self.values = values


@pytest.fixture
def stranger():
    with using(PluginManager(discover=False, extra=[Stranger()])):
        yield Its()


def test_everything_that_a_plugin_registers_is_tried(stranger):
    metafunc = Metafunc()
    stranger.pytest_generate_tests(metafunc)
    assert metafunc.values == ["network-no_net", "loss-no_l1", "dialect-edsr_stranger"]


def test_a_plugin_without_components_is_skipped_with_a_reason():
    metafunc = Metafunc()
    with using(PluginManager(discover=False, extra=[Hooks()])):
        Its().pytest_generate_tests(metafunc)
    (only,) = metafunc.values
    assert only.marks[0].kwargs["reason"] == "plugin stranger registers no component"


def test_complaints_are_the_message_of_the_failure(stranger, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match=r'^stranger: loss .* needs "a": .*\n *stran.* "b"'):
        stranger.test_what_it_registers_keeps_its_contract("loss-no_l1")
    with pytest.raises(AssertionError, match=r'^stranger: network "no_net"'):
        stranger.test_what_it_registers_keeps_its_contract("network-no_net")


def test_a_dialect_of_another_type_is_refused(stranger):
    wanted = "stranger: weight dialect \"edsr_stranger\": expected a Dialect, found <class 'dict'>"
    with pytest.raises(AssertionError, match=wanted):
        stranger.test_what_it_registers_keeps_its_contract("dialect-edsr_stranger")


def test_an_empty_experiment_is_a_skip_with_a_reason(stranger, tmp_path):
    with pytest.raises(pytest.skip.Exception, match="stranger names no experiment"):
        stranger.test_equal_runs_end_equally_killed_or_not(tmp_path)


def test_a_plugin_that_is_not_installed_is_named():
    class Missing(PluginContract):
        __test__ = False
        plugin = "missing"

    with pytest.raises(AssertionError, match='no entry point "missing" is installed'):
        Missing().test_is_discovered_by_entry_point()


def test_missing_keys_are_named_with_their_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    component = plugins().registry.get("sampler", "weighted")
    with pytest.raises(AssertionError, match=r'small\["sampler", "weighted"\].*file: required key'):
        Its()._specimen(component)


def test_it_works_in_a_folder_of_its_own_with_images(tmp_path, monkeypatch):
    before = Path.cwd()
    with monkeypatch.context() as patch:
        Its.workplace.__wrapped__(Its(), tmp_path, patch)
        assert len(list(Path("images/hr").iterdir())) == 6
        assert Path.cwd() == tmp_path / "workplace"
    assert Path.cwd() == before


def test_a_faulty_list_of_models_is_refused(tmp_path):
    file = tmp_path / "models.toml"
    file.write_text("[models.x]\n", "utf-8")

    class Listing:
        __name__ = "stranger"

        @srcore.hookimpl
        def srcore_register_models(self, registry):
            registry.add_models(file)

    with using(PluginManager(discover=False, extra=[Listing()])):
        with pytest.raises(srcore.SrcoreError, match=r"models\.x\.author: is missing"):
            Its().test_lists_of_models_can_be_read()
        file.write_text("", "utf-8")
        read_models.cache_clear()
        Its().test_lists_of_models_can_be_read()
