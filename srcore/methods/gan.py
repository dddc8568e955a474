"""Adversarial training: ``method.type = "gan"``.

The common recipe of ESRGAN and its successors; a plugin replaces a loss, the discriminator or what
the discriminator sees, not the recipe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from srcore.contracts import DiscriminatorLoss, LossContext
from srcore.engine.part_state import restore, state_to_save
from srcore.methods.adversary import Adversary
from srcore.methods.base import Method
from srcore.methods.options import GanOptions
from srcore.options.declaration import defaults
from srcore.plugin.calling import call

if TYPE_CHECKING:
    from srcore.contracts import Batch
    from srcore.engine.parts import Parts
    from srcore.engine.terms import LossTerm
    from srcore.options import Selected

_DEFAULT = defaults(GanOptions)


class Gan(Method):
    """Generator and discriminator take turns on one forward pass of the generator.

    In every iteration the generator runs once. Its update sees the discriminator frozen; the
    discriminator's update sees the generated images detached, made before the generator's update.
    The EMA follows in every iteration, also where the generator was not updated.

        [method]
        type = "gan"
        generator_every = 2

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = srcore.testing.write_tiny_images(folder / "images", 2)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... method = { type = "gan" }
    ... generator = { type = "compact", num_features = 4, num_convs = 1 }
    ... discriminator = { type = "patch", num_layers = 2, num_features = 4 }
    ... losses = [{ type = "l1" }, { type = "adversarial", weight = 0.1 }]
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [data]
    ... train = { type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> import json
    >>> lines = (folder / "runs" / "tiny" / "metrics.jsonl").read_text().splitlines()
    >>> [name for name in json.loads(lines[-1])["values"] if "/" not in name]
    ['l1', 'adversarial', 'adversarial_real', 'adversarial_fake', 'd_real', 'd_fake']
    """

    def __init__(
        self,
        parts: Parts,
        *,
        generator_every: int = _DEFAULT.generator_every,
        generator_start: int = _DEFAULT.generator_start,
        adversarial_start: int = _DEFAULT.adversarial_start,
        discriminator_steps: int = _DEFAULT.discriminator_steps,
        order: str = _DEFAULT.order,
        labels: Selected | None = _DEFAULT.labels,
    ) -> None:
        super().__init__(parts)
        self.adversary = Adversary(parts)
        self.generator_every = generator_every
        self.generator_start = generator_start
        self.adversarial_start = adversarial_start
        self.discriminator_steps = discriminator_steps
        self.generator_first = order == "generator_first"
        self.labels = labels.build() if labels is not None else None

    @property
    def updates_generator(self) -> bool:
        """Whether the generator is updated in the present iteration."""
        iteration = self.parts.iteration
        return iteration % self.generator_every == 0 and iteration > self.generator_start

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Update both networks on one piece of a batch."""
        parts = self.parts
        with_graph = self.updates_generator
        with torch.set_grad_enabled(with_graph), parts.autocast():
            context = self.generate(batch)
        if self.labels is not None:
            context.labels = call(
                "labels",
                self.labels,
                len(context.sr),
                progress=parts.progress,
                generator=parts.random,
            )
        condition = self.adversary.condition(batch)
        updates = [self._train_discriminator]
        if with_graph:
            updates.insert(0 if self.generator_first else 1, self._train_generator)
        logs: dict[str, Tensor] = {}
        for update in updates:
            logs |= update(context, condition)
        return logs

    def generate(self, batch: Batch) -> LossContext:
        """Run the generator; a subclass may feed it otherwise and add ``extras`` for losses."""
        return self.parts.context(batch, self.parts.upscale(batch))

    def state_dict(self) -> dict[str, Any]:
        """The state of the labels, where they have one."""
        labels = state_to_save(self.labels)
        return {} if labels is None else {"labels": labels}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back the state of the labels."""
        restore(self.labels, state.get("labels"))

    def _train_generator(self, context: LossContext, condition: Any) -> dict[str, Tensor]:
        parts = self.parts
        with self.adversary.frozen(condition) as context.discriminate:
            with parts.autocast():
                terms = parts.generator_terms(context, skip=self._is_too_early)
            parts.update_generator(terms)
        return {name: value.detach() for name, value in terms.items()}

    def _train_discriminator(self, context: LossContext, condition: Any) -> dict[str, Tensor]:
        return self.adversary.train(context, condition, steps=self.discriminator_steps)

    def _is_too_early(self, term: LossTerm) -> bool:
        return self.parts.iteration <= self.adversarial_start and isinstance(
            term.loss, DiscriminatorLoss
        )
