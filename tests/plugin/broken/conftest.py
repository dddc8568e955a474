"""Broken third-party plugins as the program meets them.

Every plugin here is a distribution on ``sys.path`` that the ``srcore`` program finds by itself.
"""

import sys
from textwrap import dedent

import pytest

import srcore
from srcore.cli.main import main
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing.experiments import load_unchecked


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution srplug-stranger 1.2 on the path; returns the function that does so."""
    site = tmp_path / "site"

    def write(code="", *, value="srplug_stranger.plugin", name="stranger", requires="srcore>=0.1"):
        package, info = site / "srplug_stranger", site / "srplug_stranger-1.2.dist-info"
        package.mkdir(parents=True)
        info.mkdir()
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(dedent(code))
        (package / "broken.py").write_text("import a_module_that_nobody_has\n")
        metadata = ("Metadata-Version: 2.1", "Name: srplug-stranger", "Version: 1.2")
        (info / "METADATA").write_text("\n".join((*metadata, f"Requires-Dist: {requires}\n")))
        (info / "entry_points.txt").write_text(f"[srcore]\n{name} = {value}\n")
        monkeypatch.syspath_prepend(str(site))

    with using(plugins()):
        yield write
    for module in [entry for entry in sys.modules if entry.startswith("srplug_stranger")]:
        del sys.modules[module]


@pytest.fixture
def program(capsys):
    """Runs the program; a function that gives its exit code and what it said of errors."""

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        return caught.value.code, capsys.readouterr().err

    return run


@pytest.fixture
def misfit(tiny_experiment, tmp_path):
    """Trains with a component "x" and looks at the line that names it and both sides."""

    def tried(kind, target, overrides, message):
        class Stranger:
            __name__ = "srplug-stranger"

            @srcore.hookimpl
            def srcore_register_components(self, registry):
                registry.add(kind, "x", None, target)

        with using(PluginManager(discover=False, extra=[Stranger()])):
            loaded = load_unchecked(tiny_experiment, ["train.iterations=1", *overrides])
            with pytest.raises(SrcoreError) as caught:
                run_experiment(loaded, tmp_path / "runs", quiet=True)
        text = str(caught.value)
        assert message in text
        # What is built while an experiment is checked is named behind its place in the file.
        named = f'srplug-stranger: {kind.replace("_", " ")} "x"'
        assert text.startswith(named) or f"data.train: {named}" in text
        assert "\n" not in text

    return tried
