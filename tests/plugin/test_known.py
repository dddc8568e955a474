"""The index of known plugins, of which anybody can become one by an entry."""

import pytest

from srcore.plugin import known
from srcore.plugin.known import KnownPlugin
from srcore.plugin.manager import PluginManager
from srcore.testing.commands import run_command


@pytest.fixture
def stranger(monkeypatch, tmp_path):
    """Somebody else's entry, and one of ours."""
    file = tmp_path / "index.toml"
    file.write_text(
        """
        [[plugins]]
        name = "ldl"
        distribution = "srplug-ldl"
        summary = "LDL"
        url = "https://github.com/srcore/srcore"
        components.loss = ["ldl"]

        [[plugins]]
        name = "hat"
        distribution = "srplug-hat"
        summary = "The hybrid attention transformer."
        url = "https://example.org/srplug-hat"
        experiments = ["hat"]
        commands = ["tile-in-hats"]
        components.network = ["hat_of_others"]
        components.loss = ["ldl", "hatted"]
        """
    )
    monkeypatch.setattr(known, "INDEX", file)
    for function in (known.known_entries, known.known_components):
        function.cache_clear()
    yield
    for function in (known.known_entries, known.known_components):
        function.cache_clear()


def test_an_unknown_name_says_what_to_install(stranger):
    registry = PluginManager(discover=False).registry
    text = registry.unknown("network", "hat_of_others")
    assert "(pip install srplug-hat; https://example.org/srplug-hat)" in text
    near = registry.unknown("network", "hat_of_other")
    assert 'did you mean "hat_of_others"? it comes with srplug-hat' in near
    assert registry.unknown("loss", "ldl").endswith("(pip install srplug-ldl)"), "the first one"
    assert known.known_components()["experiment"] == {"hat": "srplug-hat"}


def test_an_unknown_command_says_what_to_install(stranger, capsys):
    code, _, err = run_command(capsys, "tile-in-hats")
    assert code == 2
    assert 'no command "tile-in-hats"; it comes with srplug-hat (pip install srplug-hat; ' in err


def test_entries_are_whole_and_in_order():
    kinds = set(PluginManager(discover=False).registry.kinds())
    entries = known.known_entries()
    for plugin in entries:
        assert isinstance(plugin, KnownPlugin)
        assert plugin.url.startswith("https://"), plugin.distribution
        assert plugin.summary, plugin.distribution
        assert plugin.components or plugin.experiments or plugin.commands, plugin.distribution
        assert set(plugin.components) <= kinds or any("." in it for it in plugin.components)
    for ours in (True, False):
        names = [it.distribution for it in entries if known.is_ours(it) is ours]
        assert names == sorted(set(names)), "by distribution, each once"
