"""Training in both directions at once: ``method.type = "cyclegan"``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import attrs
import torch.nn.functional as F
from torch import Tensor

from srcore.contracts import DiscriminatorLoss, LossContext
from srcore.machine.devices import at_least_float32
from srcore.methods import Adversary, Method
from srcore.options.declaration import defaults
from srcore.transforms.resize import resize
from srplug_cyclegan.image_pool import ImagePool
from srplug_cyclegan.options import CycleGanOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch
    from srcore.engine.parts import Parts
    from srcore.engine.terms import LossTerm

_DEFAULT = defaults(CycleGanOptions)


@attrs.frozen
class Seen:
    """What losses for one network look at.

    Attributes:
        judged: for adversarial losses: what a discriminator judges.
        compared: for all others: what went there and back, beside what it was.
        condition: what the discriminator sees beside the images.
    """

    judged: LossContext
    compared: LossContext
    condition: Any


class CycleGan(Method):
    """CycleGAN (Zhu et al., ICCV 2017) from real low to clean high resolution.

    With G the generator, F the degradation network, x and y low- and high-resolution images without
    relation, the objective of G and F (equation 3) is

    ``GAN(G(x), y) + GAN(F(y), x) + w_y |G(F(y)) - y| + w_x |F(G(x)) - x|``

    The terms are ``[[losses]]``: adversarial ones for the generator see G(x) and those for the
    degradation network F(y); all others see G(F(y)) with ``hr`` = y, and F(G(x)) with ``hr`` = x.
    Both networks are updated by one backward pass, then each discriminator on images from before
    that update, or from its pool.

        [method]
        type = "cyclegan"
        [[losses]]
        type = "l1"
        weight = 10.0
        [[losses]]
        type = "adversarial"
        mode = "lsgan"
        [[losses]]
        type = "l1"
        name = "lr_l1"
        for = "degradation"
        weight = 10.0
        [[losses]]
        type = "adversarial"
        name = "lr_adversarial"
        for = "degradation"
        mode = "lsgan"

    >>> import pathlib, tempfile, srcore, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "clean", 2)
    >>> _ = srcore.testing.write_tiny_images(folder / "real", 2, height=24, width=24)
    >>> _ = (folder / "tiny.toml").write_text('''
    ... scale = 2
    ... generator = { type = "compact", num_features = 4, num_convs = 1 }
    ... discriminator = { type = "patch", num_layers = 1, num_features = 4 }
    ... losses = [
    ...     { type = "l1" }, { type = "adversarial" },
    ...     { type = "adversarial", name = "lr_adversarial", for = "degradation" },
    ... ]
    ... method = { type = "cyclegan" }
    ... train = { iterations = 2, batch_size = 2, device = "cpu", tensorboard = false }
    ... [networks]
    ... degradation = { type = "cyclegan_degradation", num_features = 4, num_blocks = 1 }
    ... lr_discriminator = { type = "patch", num_layers = 1, num_features = 4 }
    ... [data.train]
    ... type = "unpaired_folders"
    ... hr = "clean"
    ... lr = "real"
    ... hr_patch_size = 32
    ... workers = 0
    ... ''')
    >>> _ = srcore.run(folder / "tiny.toml", folder / "runs")
    >>> sorted(file.stem for file in (folder / "runs/tiny").glob("*.safetensors"))
    ['degradation', 'generator']

    The arguments are the keys of :class:`srplug_cyclegan.options.CycleGanOptions`.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        judged: str = _DEFAULT.judged,
        cycle_trains: str = _DEFAULT.cycle_trains,
        identity: float = _DEFAULT.identity,
        pool_size: int = _DEFAULT.pool_size,
    ) -> None:
        super().__init__(parts)
        self.judges_cycle = judged == "cycle"
        self.trains_both = cycle_trains == "both"
        self.identity = identity
        self.adversaries = {
            "generator": Adversary(parts),
            "degradation": Adversary(parts, "lr_discriminator"),
        }
        self.pools = {name: ImagePool(pool_size) for name in self.adversaries}

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Update four networks on one piece of a batch."""
        with self.parts.autocast():
            seen = self._translate(batch)
        logs = self._train_networks(seen, batch)
        for name, adversary in self.adversaries.items():
            judged = seen[name].judged
            shown = attrs.evolve(judged, sr=self.pools[name](judged.sr, self.parts.random))
            logs |= adversary.train(shown, seen[name].condition)
        return logs

    def state_dict(self) -> dict[str, Any]:
        """The pools."""
        return {name: pool.state_dict() for name, pool in self.pools.items() if pool.size}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back the pools."""
        for name, saved in state.items():
            self.pools[name].load_state_dict(saved)

    def _translate(self, batch: Batch) -> dict[str, Seen]:
        """Both cycles, x -> G(x) -> F(G(x)) and y -> F(y) -> G(F(y))."""
        parts = self.parts
        sr = parts.upscale(batch)
        degraded = self._degrade(batch["hr"])
        there = {**batch, "lr": self._passed_on(degraded)}
        paired = {**batch, "lr": at_least_float32(degraded).detach()}
        # Last of both: the average of the generator, which losses may ask for, sees the same.
        cycled = parts.context(paired, parts.upscale(there))
        real = attrs.evolve(cycled, batch=batch, sr=at_least_float32(sr), ema_sr=None)
        small = {**batch, "hr": batch["lr"]}
        back = at_least_float32(self._degrade(self._passed_on(sr)))
        generator = cycled if self.judges_cycle else real
        return {
            "generator": Seen(
                attrs.evolve(generator), cycled, self.adversaries["generator"].condition(batch)
            ),
            "degradation": Seen(
                attrs.evolve(real, batch=small, sr=at_least_float32(degraded)),
                attrs.evolve(real, batch=small, sr=back),
                self.adversaries["degradation"].condition(small),
            ),
        }

    def _train_networks(self, seen: dict[str, Seen], batch: Batch) -> dict[str, Tensor]:
        parts = self.parts
        terms: dict[str, dict[str, Tensor]] = {}
        with contextlib.ExitStack() as frozen:
            for name, adversary in self.adversaries.items():
                discriminate = frozen.enter_context(adversary.frozen(seen[name].condition))
                seen[name].judged.discriminate = discriminate
            with parts.autocast():
                for name, own in seen.items():
                    terms[name] = {
                        **parts.terms(own.compared, name, skip=_is_adversarial),
                        **parts.terms(own.judged, name, skip=_is_comparison),
                    }
                if self.identity:
                    same = self._identities(batch)
                    terms = {name: {**own, **same[name]} for name, own in terms.items()}
            parts.update_together(terms)
        return {label: it.detach() for own in terms.values() for label, it in own.items()}

    def _identities(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        """What is of the other domain already, but for its size, should stay (section 5.2)."""
        parts, scale = self.parts, int(self.parts.experiment.scale)
        lr, hr = batch["lr"], batch["hr"]
        small, large = resize(hr, scale=1 / scale), resize(lr, scale=scale)
        sr, degraded = parts.upscale({**batch, "lr": small}), self._degrade(large)
        return {
            "generator": {"cyclegan_identity": self.identity * F.l1_loss(at_least_float32(sr), hr)},
            "degradation": {
                "cyclegan_lr_identity": self.identity * F.l1_loss(at_least_float32(degraded), lr)
            },
        }

    def _degrade(self, images: Tensor) -> Tensor:
        degraded: Tensor = self.parts.roles["degradation"].wrapped(images)
        return degraded

    def _passed_on(self, images: Tensor) -> Tensor:
        return images if self.trains_both else images.detach()


def _is_adversarial(term: LossTerm) -> bool:
    return isinstance(term.loss, DiscriminatorLoss)


def _is_comparison(term: LossTerm) -> bool:
    return not _is_adversarial(term)
