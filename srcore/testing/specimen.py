"""A component as it is tried: its options, and what the checks of its kind try it with."""

from __future__ import annotations

import contextlib
import fnmatch
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from srcore.capabilities import RGB, option_capability
from srcore.config.invalid import Invalid
from srcore.config.structure import Structurer
from srcore.contracts import LossContext
from srcore.messages import shown
from srcore.options.declaration import declaration_of, key_of
from srcore.plugin.building import Component
from srcore.plugin.manager import plugins
from srcore.seeding import seed_everything


@attrs.frozen
class Specimen:
    """What a component is tried with.

    Attributes:
        component: the component.
        options: its options, an instance of ``component.options``.
        keys: what the plugin's author gives of them.
        folder: a folder for whatever is written, with ``images/hr`` and ``images/lr``.
        scale: factor between the sides of images.
        hr_size: side of the images that losses and discriminators see.
        channels: of these images; None: those that the options declare, or RGB.
        entries: further entries of the batch by name: values, or functions of the context.
        extras: the same of the context's extras, which methods add.
        unused: patterns of the names of parameters that may stay without gradient.
        used: (kind, name) of what the tried experiment consists of.
        sampled: of samplers: ``type`` and keys of the data set that they are tried on.
    """

    component: Component
    options: Any
    keys: Mapping[str, Any]
    folder: Path
    scale: int = 2
    hr_size: int = 32
    channels: int | None = None
    entries: Mapping[str, Any] = attrs.field(factory=dict)
    extras: Mapping[str, Any] = attrs.field(factory=dict)
    unused: tuple[str, ...] = ()
    used: frozenset[tuple[str, str]] = frozenset()
    sampled: Mapping[str, Any] = attrs.field(factory=dict)

    def build(self, **context: Any) -> Any:
        """A new one, with the same random weights every time."""
        seed_everything(0)
        with random_weights():
            return self.component.build(self.options, **context)

    def random(self, seed: int = 0) -> torch.Generator:
        """Random numbers, the same for the same seed."""
        return torch.Generator().manual_seed(seed)

    def images(self, seed: int = 0) -> Tensor:
        """Two images in [0, 1] of the side ``hr_size``: ``(2, C, hr_size, hr_size)``."""
        shape = (2, self.seen_channels, self.hr_size, self.hr_size)
        return torch.rand(shape, generator=self.random(seed))

    @property
    def seen_channels(self) -> int:
        """Channels of these images."""
        key = "in_channels" if self.component.kind == "discriminator" else "channels"
        return self.channels or int(option_capability(self.options, key) or RGB)

    def batch(self, seed: int = 0) -> dict[str, Any]:
        """Pairs of images, and the further entries."""
        hr = self.images(seed=seed)
        lr = nn.functional.avg_pool2d(hr, self.scale)
        hr = hr[..., : lr.shape[-2] * self.scale, : lr.shape[-1] * self.scale]
        context = LossContext({"lr": lr, "hr": hr, "index": torch.arange(2)}, hr, 1)
        context.batch.update(call_with(self.entries, context))
        return context.batch

    def context(self, seed: int = 0) -> LossContext:
        """What a loss sees: images near the truth, with a graph, and a small discriminator."""
        seed_everything(0)
        discriminator = nn.Conv2d(self.seen_channels, 1, 3)
        hr, noise = self.images(seed=seed), self.images(seed=seed + 1) - 0.5
        context = LossContext(
            batch=self.batch(seed) | {"hr": hr},
            sr=(hr + 0.1 * noise).requires_grad_(True),
            iteration=1,
            progress=0.5,
            ema_sr=hr + 0.05 * noise,
            discriminate=lambda image: discriminator(image),
            extras={"generator": self.random()},
        )
        context.batch.update(call_with(self.entries, context))
        context.extras.update(call_with(self.extras, context))
        return context

    def without_gradient(self, network: nn.Module) -> list[str]:
        """Trained parameters that got no gradient and are not known for it."""
        return [
            name
            for name, parameter in network.named_parameters()
            if parameter.requires_grad
            and parameter.grad is None
            and not any(fnmatch.fnmatch(name, pattern) for pattern in self.unused)
        ]


def call_with(values: Mapping[str, Any], context: LossContext) -> dict[str, Any]:
    """Values by name; functions are called with the context."""
    seed_everything(0)
    return {name: value(context) if callable(value) else value for name, value in values.items()}


def options_for(component: Component, given: Mapping[str, Any]) -> Any:
    """Options from what the plugin's author gives; required folders are those of the specimen.

    Raises:
        AssertionError: keys that are required and not given, or wrong ones; names them.
    """
    keys = dict(given)
    for field in attrs.fields(component.options):
        if field.default is attrs.NOTHING and declaration_of(field).path == "folder":
            side = "lr" if key_of(field) == "lr" else "hr"
            keys.setdefault(key_of(field), f"images/{side}")
    try:
        return Structurer(plugins().registry).structure_table(keys, component.options)
    except Invalid as error:
        problems = "; ".join(f"{problem.path}: {problem.message}" for problem in error.problems)
        place = f"small[{shown(component.kind)}, {shown(component.name)}]"
        text = f"expected its options from {place} or defaults; found {problems}"
        raise AssertionError(text) from None


def lacking(needs: Iterable[str], there: Iterable[str], where: str) -> Iterator[str]:
    """Complaints about what a component needs and a specimen does not have."""
    for name in sorted(set(needs) - set(there)):
        yield f"needs {shown(name)}: expected a value for it in {where}"


@contextlib.contextmanager
def random_weights() -> Iterator[None]:
    """Random feature weights are what a test asks for; their warning is for experiments."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*random.*")
        yield


def is_same(first: Any, second: Any) -> bool:
    """Whether two nested values are equal to the bit."""
    from srcore.testing.comparison import assert_same_state

    try:
        assert_same_state(first, second)
    except AssertionError:
        return False
    return True
