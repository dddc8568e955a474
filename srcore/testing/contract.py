"""What every plugin must do, as tests to inherit.

    class TestLDL(PluginContract):
        plugin = "ldl"
        experiment = "ldl/tiny"

tries everything that the plugin registers, with images of its own, wherever pytest is started.
Options for components that need keys, or whose defaults are too large for a test, go into
``small``. What is tried for which kind is in :mod:`srcore.testing.checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from srcore.config.paths import below
from srcore.messages import shown
from srcore.models.catalog import Catalog
from srcore.moved import current_kind
from srcore.options import Selected
from srcore.plugin.building import Component
from srcore.plugin.discovery import core_ranges, label, version_misfit
from srcore.plugin.implementations import Plugin
from srcore.plugin.manager import plugins
from srcore.plugin.targets import resolve
from srcore.testing import runs
from srcore.testing.checks import complaints, dialect_complaints
from srcore.testing.experiments import load_unchecked
from srcore.testing.specimen import Specimen, options_for
from srcore.testing.tiny_images import write_tiny_images
from srcore.weights.dialects import Dialect

_T = TypeVar("_T")


class PluginContract:
    """Tests that a plugin inherits.

    Attributes:
        plugin: entry-point name of the plugin.
        experiment: a shipped experiment, which is trained for a few iterations; methods and stages
            are tried by it. Empty: that is skipped.
        overrides: ``--set`` assignments for that experiment, such as a smaller network.
        small: (kind, name) -> keys for a component that has required ones, or whose defaults do not
            fit a test. Paths start in a folder that holds six images each in ``images/hr`` and
            ``images/lr``.
        scales: scales that components are tried with, by name; 2 for all others.
        hr_size: side of the images that losses and discriminators are tried with.
        entries: entries of the batch that components need beside ``lr`` and ``hr``: values, or
            functions of the :class:`srcore.LossContext`.
        extras: the same for what the method adds to the context's ``extras``.
        elsewhere: (kind, name) of methods and stages that tests of the plugin's own try, since the
            experiment has none of them.
        unused: (kind, name) -> patterns of the names of parameters that get no gradient and shall
            not.
        told_apart: patterns of entries of a checkpoint by which equal runs are told apart, such as
            ``"others/handlers.NAME.NAME/number"`` for what a tracker calls them; a resumed run
            has those of the run that it continues.
        sampled: name of a sampler -> ``type`` and keys of the data set that it is tried on, where
            it asks for more than numbers of images; ``hr_folder`` for all others.
    """

    plugin: ClassVar[str]
    experiment: ClassVar[str] = ""
    overrides: ClassVar[tuple[str, ...]] = ()
    small: ClassVar[dict[tuple[str, str], dict[str, Any]]] = {}
    scales: ClassVar[dict[str, int]] = {}
    hr_size: ClassVar[int] = 32
    entries: ClassVar[Mapping[str, Any]] = {}
    extras: ClassVar[Mapping[str, Any]] = {}
    elsewhere: ClassVar[tuple[tuple[str, str], ...]] = ()
    unused: ClassVar[dict[tuple[str, str], tuple[str, ...]]] = {}
    told_apart: ClassVar[tuple[str, ...]] = ()
    sampled: ClassVar[dict[str, dict[str, Any]]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for everything that the plugin registers."""
        if "registered" in metafunc.fixturenames:
            parts = [f"{entry.kind}-{entry.name}" for entry in self._components()]
            parts += [f"dialect-{name}" for name in self._dialects()]
            nothing = pytest.mark.skip(reason=f"plugin {self.plugin} registers no component")
            metafunc.parametrize("registered", parts or [pytest.param("", marks=nothing)])

    @pytest.fixture(autouse=True)
    def workplace(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """An empty folder with small images, in which relative paths start.

        What else components need to be built is put there by a fixture that asks for this one.
        """
        folder = tmp_path / "workplace"
        write_tiny_images(folder / "images/hr", height=96, width=96)
        write_tiny_images(folder / "images/lr", height=48, width=48)
        monkeypatch.chdir(folder)
        return folder

    def test_is_discovered_by_entry_point(self) -> None:
        """The installed distribution brings the plugin, with at least one hook."""
        assert plugins().hooks_of(self._plugin())

    def test_declares_the_versions_of_srcore_that_it_fits(self) -> None:
        """With a range such as ``srcore>=0.1,<0.2``, later versions can say what to upgrade."""
        installed = distribution(self._plugin().distribution)
        assert any(core_ranges(installed)), (
            "dependencies must name a range, such as srcore>=0.1,<0.2"
        )
        assert version_misfit(installed) == ""

    def test_shipped_experiments_pass_the_check(self) -> None:
        """Nothing is wrong with them but data that is not on this machine."""
        ours = self._plugin().distribution
        for name, (_, owner) in plugins().registry.experiments().items():
            if owner == ours:
                loaded = load_unchecked(name)
                for stage in loaded.stages:
                    experiment, problems = loaded.examine(stage)
                    wrong = [str(p) for p in problems if "does not exist" not in p.message]
                    assert not wrong, f"{name}: {wrong}"
                    assert experiment is not None, name

    def test_lists_of_models_can_be_read(self) -> None:
        """Nothing is wrong with them, and no name is taken by another list."""
        catalog = Catalog(plugins().registry)
        ours = self._plugin().distribution
        assert all(model.owner != ours or catalog.use(model) for model in catalog.models.values())

    def test_what_it_registers_keeps_its_contract(self, registered: str) -> None:
        """Everything that is tried for its kind holds; all complaints at once."""
        kind, _, name = registered.partition("-")
        if kind == "dialect":
            lines = self._complaints_about_dialect(name)
        else:
            lines = complaints(self._specimen(plugins().registry.get(kind, name)))
        assert not lines, "\n".join(lines)

    def test_equal_runs_end_equally_killed_or_not(self, tmp_path: Path) -> None:
        """Started again, or killed in the third iteration of a stage and resumed: the same files.

        That is, the same checkpoints, to the bit.
        """
        loaded = runs.short(self._experiment(), self.overrides)
        again = runs.train_run(loaded, tmp_path / "again")
        whole, resumed = runs.killed_and_resumed(loaded, tmp_path)
        alike = [runs.without_entries(states, self.told_apart) for states in (whole, again)]
        differences = [
            f"from one seed: {text}" for text in runs.differing_ends(alike[0], alike[1:])
        ]
        differences += [
            f"after a kill and resume: {text}" for text in runs.differing_ends(whole, resumed)
        ]
        assert not differences, (
            f"{self.experiment}: expected equal checkpoints {'; '.join(differences)}"
        )

    def _experiment(self) -> str:
        if not self.experiment:
            pytest.skip(
                f"the contract of {self.plugin} names no experiment: its runs are not compared"
            )
        return self.experiment

    def _plugin(self) -> Plugin:
        named = [plugin for plugin in plugins().plugins if plugin.name == self.plugin]
        assert named, f"no entry point {shown(self.plugin)} is installed"
        return named[0]

    def _components(self, kind: str | None = None) -> Iterator[Component]:
        owner = self._plugin().distribution
        yield from (entry for entry in plugins().registry.components(kind) if entry.owner == owner)

    def _dialects(self) -> Iterator[str]:
        owner = self._plugin().distribution
        registered = plugins().registry.dialects().items()
        yield from (name for name, (_, brings) in registered if brings == owner)

    def _complaints_about_dialect(self, name: str) -> list[str]:
        target, owner = plugins().registry.dialects()[name]
        what = f"weight dialect {shown(name)}"
        made: Any = resolve(target, what, owner)
        if not isinstance(made, Dialect):
            return [f"{label(owner)}: {what}: expected a Dialect, found {shown(made)}"]
        network = plugins().registry.get("network", made.network)
        return dialect_complaints(name, owner, made, self._specimen(network))

    def _specimen(self, component: Component) -> Specimen:
        key = (component.kind, component.name)
        keys = _by_current_kind(self.small).get(key, {})
        who = f"{label(component.owner)}: {component.label}"
        try:
            options = options_for(component, keys)
        except AssertionError as error:
            raise AssertionError(f"{who} {error}") from None
        return Specimen(
            component,
            options,
            keys,
            Path.cwd(),
            scale=self.scales.get(component.name, 2),
            hr_size=self.hr_size,
            entries=self.entries,
            extras=self.extras,
            unused=_by_current_kind(self.unused).get(key, ()),
            used=self._used(),
            sampled=self.sampled.get(component.name, {}),
        )

    def _used(self) -> frozenset[tuple[str, str]]:
        """What the experiment consists of, and what is tried elsewhere."""
        elsewhere = frozenset(_by_current_kind(dict.fromkeys(self.elsewhere)))
        if not self.experiment:
            return elsewhere
        loaded = load_unchecked(self.experiment, self.overrides)
        selections = (_selected(experiment) for experiment in runs.experiments_of(loaded))
        return elsewhere.union(*selections)


def _by_current_kind(told: Mapping[tuple[str, str], _T]) -> dict[tuple[str, str], _T]:
    """What a contract tells by (kind, name), which may be older than the name of a kind."""
    return {(current_kind(kind), name): value for (kind, name), value in told.items()}


def _selected(value: Any) -> set[tuple[str, str]]:
    """(kind, name) of all components that a part of an experiment chooses."""
    names = {(value.component.kind, value.type)} if isinstance(value, Selected) else set()
    return names.union(*(_selected(item) for _, item, _ in below(value)))
