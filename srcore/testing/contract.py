"""What every plugin must do, as tests to inherit.

    class TestLDL(PluginContract):
        plugin = "ldl"
        experiment = "ldl/tiny"

runs the tests below on everything the plugin registers. Options for components that need keys, or
whose defaults are too large for a test, go into ``small``.
"""

from __future__ import annotations

import contextlib
import signal
import warnings
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from ignite.engine import Engine, Events
from torch import nn

from srcore.capabilities import capability, near_misses
from srcore.config.experiment import load
from srcore.config.structure import Structurer
from srcore.contracts import LossContext
from srcore.engine.runner import run_experiment
from srcore.errors import Interrupted
from srcore.hookspecs import hookimpl
from srcore.plugin.building import Component, resolve
from srcore.plugin.discovery import core_ranges, misfit
from srcore.plugin.implementations import Plugin
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing.comparison import assert_same_state


class PluginContract:
    """Tests that a plugin inherits.

    Attributes:
        plugin: entry-point name of the plugin.
        experiment: a shipped experiment that trains within seconds; empty: none.
        overrides: ``--set`` assignments for that experiment.
        small: (kind, name) -> keys for a component whose defaults do not fit a test.
        scales: scales that networks are tried with; others where a network refuses them.
        hr_size: side of the images that losses and discriminators are tried with.
    """

    plugin: ClassVar[str]
    experiment: ClassVar[str] = ""
    overrides: ClassVar[tuple[str, ...]] = ()
    small: ClassVar[dict[tuple[str, str], dict[str, Any]]] = {}
    scales: ClassVar[dict[str, int]] = {}
    hr_size: ClassVar[int] = 32

    def test_is_discovered_by_entry_point(self) -> None:
        """The installed distribution brings the plugin, with at least one hook."""
        assert plugins().hooks_of(self._plugin())

    def test_declares_the_versions_of_srcore_that_it_fits(self) -> None:
        """With a range such as ``srcore>=0.1,<0.2``, later versions can say what to upgrade."""
        found = distribution(self._plugin().distribution)
        assert any(core_ranges(found)), "dependencies must name a range, such as srcore>=0.1,<0.2"
        assert misfit(found) == ""

    def test_options_structure_from_nothing_but_required_keys(self) -> None:
        """Every component can be configured; every key has a description."""
        from srcore.options.describing import describe

        for component in self._components():
            self._options(component)
            for key, _, _, text in describe(component.options):
                assert text, f"{component.kind} {component.name}: key {key} has no description"

    def test_shipped_experiments_pass_the_check(self) -> None:
        """Nothing is wrong with them but data that is not on this machine."""
        ours = self._plugin().distribution
        for name, (_, owner) in plugins().registry.experiments().items():
            if owner == ours:
                loaded = load(name)
                for stage in loaded.stages:
                    experiment, problems = loaded.examine(stage)
                    wrong = [str(p) for p in problems if "does not exist" not in p.message]
                    assert not wrong, f"{name}: {wrong}"
                    assert experiment is not None, name

    def test_capabilities_are_spelt_as_srcore_knows_them(self) -> None:
        """A name that is nearly that of a capability would be silently without effect."""
        for component in self._components():
            missed = list(near_misses(component.kind, self._part(component), component.options))
            assert not missed, f"{component.kind} {component.name}: {'; '.join(missed)}"

    def test_networks_enlarge_odd_sizes_by_their_scale(self) -> None:
        """(N, 3, h, w) -> (N, 3, scale*h, scale*w), in float32 and under bfloat16 autocast.

        Networks that shrink take images of any size the other way, ends rounded up.
        """
        for component in self._components("network"):
            network, scale = self._network(component)
            shrinks = "shrinks" in component.provides
            for height, width in ((33, 45), (48, 48)) if shrinks else ((17, 23), (24, 24)):
                lr = torch.rand(1, 3, height, width)
                sides = [-(-s // scale) if shrinks else scale * s for s in (height, width)]
                with torch.no_grad():
                    assert network(lr).shape == (1, 3, *sides)
                    with torch.autocast("cpu", dtype=torch.bfloat16):
                        assert torch.isfinite(network(lr).float()).all()

    def test_state_dicts_round_trip(self) -> None:
        """A second network takes the first one's state and computes the same."""
        for component in self._components("network"):
            first, second = self._network(component)[0], self._network(component)[0]
            second.load_state_dict(first.state_dict())
            lr = torch.rand(1, 3, 16, 16)
            with torch.no_grad():
                assert torch.equal(first.eval()(lr), second.eval()(lr))
        for component in self._components("discriminator"):
            first, second = self._build(component), self._build(component)
            second.load_state_dict(first.state_dict())

    def test_losses_and_their_gradients_are_finite(self) -> None:
        """Every loss gives a finite scalar, and finite gradients to what it trains."""
        for component in self._components("loss"):
            loss = self._build(component)
            context = self._context()
            if capability("loss", loss, "has_generator_term"):
                value = loss(context)
                assert value.shape == ()
                assert torch.isfinite(value)
                (gradient,) = torch.autograd.grad(value, context.sr)
                assert torch.isfinite(gradient).all()
            if hasattr(loss, "discriminator_terms"):
                for _, term in loss.discriminator_terms(self._context()):
                    assert torch.isfinite(term)
                    term.backward()

    def test_two_runs_from_one_seed_are_identical(self, tmp_path: Path) -> None:
        """The same experiment twice writes the same checkpoint."""
        if self.experiment:
            states = [self._run(tmp_path / name, 2) for name in ("first", "second")]
            assert_same_state(*states)

    def test_resumed_run_equals_an_uninterrupted_one(self, tmp_path: Path) -> None:
        """Stopped after two of four iterations and resumed: the same checkpoint."""
        if self.experiment:
            whole = self._run(tmp_path / "whole", 4)
            stopping = PluginManager(without=plugins().without, extra=[_StopAfter(2)])
            with using(stopping), pytest.raises(Interrupted):
                self._run(tmp_path / "parts", 4)
            assert_same_state(whole, self._run(tmp_path / "parts", 4, resume=True))

    def _plugin(self) -> Plugin:
        found = [plugin for plugin in plugins().plugins if plugin.name == self.plugin]
        assert found, f"no entry point {self.plugin!r} is installed"
        return found[0]

    def _components(self, kind: str | None = None) -> Iterator[Component]:
        owner = self._plugin().distribution
        yield from (entry for entry in plugins().registry.components(kind) if entry.owner == owner)

    def _options(self, component: Component) -> Any:
        keys = self.small.get((component.kind, component.name), {})
        return Structurer(plugins().registry).structure_table(keys, component.options)

    def _build(self, component: Component, **context: Any) -> Any:
        with _explicit_random_weights():
            return component.build(self._options(component), **context)

    def _part(self, component: Component) -> Any:
        """What to look at for capabilities: a built part, or its class where that needs more."""
        if component.kind == "network":
            return self._network(component)[0]
        if component.kind in ("loss", "discriminator", "labels", "discriminator_input"):
            return self._build(component)
        return resolve(component.target, component.label, component.owner)

    def _network(self, component: Component) -> tuple[nn.Module, int]:
        scale = self.scales.get(component.name, 2)
        return self._build(component, scale=scale), scale

    def _context(self) -> LossContext:
        generator = torch.Generator().manual_seed(0)
        size = self.hr_size
        hr, noise = (torch.rand(2, 3, size, size, generator=generator) for _ in range(2))
        sr = (hr + 0.1 * (noise - 0.5)).requires_grad_(True)
        discriminator = nn.Conv2d(3, 1, 3)
        return LossContext(
            batch={"hr": hr, "lr": hr[:, :, ::2, ::2]},
            sr=sr,
            iteration=1,
            progress=0.5,
            ema_sr=(hr + 0.05 * (noise - 0.5)).detach(),
            discriminate=lambda image: discriminator(image),
            extras={"generator": generator},
        )

    def _run(self, folder: Path, iterations: int, *, resume: bool = False) -> Any:
        overrides = (
            *self.overrides,
            f"train.iterations={iterations}",
            "train.device=cpu",
            "train.checkpoint_every=1",
            "name=contract",
        )
        loaded = load(self.experiment, overrides)
        with _explicit_random_weights():
            run_experiment(loaded, folder, resume=resume, quiet=True)
        last = folder / "contract" / loaded.stages[-1].name / "checkpoints" / "last.pt"
        state = torch.load(last, weights_only=True)
        return {key: value for key, value in state.items() if key not in ("best", "results")}


class _StopAfter:
    """A plugin that interrupts training as a terminal would, after an iteration."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    @hookimpl
    def srcore_engines_created(self, trainer: Engine) -> None:
        """Send the signal while the iteration is computed."""
        trainer.add_event_handler(
            Events.ITERATION_STARTED(once=self.iteration), signal.raise_signal, signal.SIGTERM
        )


@contextlib.contextmanager
def _explicit_random_weights() -> Iterator[None]:
    """Random feature weights are what a test asks for; their warning is for experiments."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*random.*")
        yield
