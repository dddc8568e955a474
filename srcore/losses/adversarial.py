"""Adversarial losses on logits: plain and relativistic, for both networks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.losses.entries import batch_entry
from srcore.losses.options import AdversarialOptions
from srcore.machine.devices import at_least_float32
from srcore.options.declaration import defaults

_DEFAULT = defaults(AdversarialOptions)

Mode = Literal["vanilla", "lsgan", "wgan", "wgan_softplus", "hinge"]
Label = float | Tensor


def adversarial_criterion(
    logits: Tensor, mode: Mode, *, is_real: bool, label: Label, for_generator: bool = False
) -> Tensor:
    """How far logits are from saying "real" or "fake"; the mean over all elements.

    With p the logits and y the label:

    | mode          | real                         | fake               |
    |---------------|------------------------------|--------------------|
    | vanilla       | BCE(sigmoid(p), y)           | BCE(sigmoid(p), y) |
    | lsgan         | (p - y)^2                    | (p - y)^2          |
    | wgan          | -p                           | p                  |
    | wgan_softplus | softplus(-p)                 | softplus(p)        |
    | hinge         | max(0, 1 - p); generator: -p | max(0, 1 + p)      |

    Args:
        logits: any shape with the batch first.
        mode: name of the criterion.
        is_real: what the logits should say.
        label: y, a number or one value per image ``(N,)``; used by vanilla and lsgan.
        for_generator: hinge is linear for the generator, whatever the label.
    """
    if mode == "vanilla":
        return F.binary_cross_entropy_with_logits(logits, expand_label(label, logits))
    if mode == "lsgan":
        return F.mse_loss(logits, expand_label(label, logits))
    signed = logits if is_real else -logits
    if mode == "wgan":
        return -signed.mean()
    if mode == "wgan_softplus":
        return F.softplus(-signed).mean()
    return -logits.mean() if for_generator else F.relu(1 - signed).mean()


def expand_label(label: Label, logits: Tensor) -> Tensor:
    """A label per logit: ``label`` is a number or one value per image ``(N,)``."""
    if not isinstance(label, Tensor):
        return torch.full_like(logits, label)
    per_image = label.to(logits).reshape(-1, *(1,) * (logits.ndim - 1))
    return per_image.expand_as(logits)


def discriminate(context: LossContext, images: Tensor) -> Tensor:
    """Logits of images, in float32 at least: means and differences suffer from 16 bits.

    Images are ``(N, C, H, W)`` in [0, 1]; logits have the discriminator's shape.
    """
    return at_least_float32(context.discriminate(images))


class AdversarialLoss(nn.Module):
    """Generator against discriminator.

    Plain (Goodfellow et al., 2014): the generator wants D(sr) to be real; the discriminator has
    one term for real and one for generated images.

    ``relativistic = "average"`` (Jolicoeur-Martineau, 2019; ESRGAN, Wang et al., 2018): with r, f
    the logits of real and generated images and m the batch mean, both networks halve the sum of
    the terms of ``r - m(f)`` and ``f - m(r)``, with swapped labels for the generator, where r is
    constant. With ``detach_means`` the discriminator's means are constants too, its halves are
    back-propagated one after the other, and D(fake) is computed before and again between them,
    as ESRGAN's code does: layers that keep statistics advance three times. Without it there is
    one term with gradient through the means (ESRDGAN).

    ``relativistic = "paired"``: the generator wants ``f - r`` real, the discriminator ``r - f``;
    only the real label is used.

    The experiment's ``weight`` multiplies the generator's term only. After the discriminator's
    step ``context.extras`` holds the mean logits ``d_real`` and ``d_fake``.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext(
    ...     {"hr": hr}, sr, iteration=1, discriminate=lambda images: images.mean((1, 2, 3))
    ... )
    >>> AdversarialLoss("vanilla")(context)
    tensor(0.4741)

    Args:
        mode: see :func:`adversarial_criterion`.
        relativistic: ``"none"``, ``"average"`` or ``"paired"``.
        detach_means: see above.
        discriminator_order: which images the discriminator sees first in its own step; the order
            of ``"average"`` with ``detach_means`` is fixed (fake, real, fake).
        real: batch entry with the real images.
    """

    def __init__(
        self,
        mode: Mode = _DEFAULT.mode,
        relativistic: Literal["none", "average", "paired"] = _DEFAULT.relativistic,
        detach_means: bool = _DEFAULT.detach_means,
        discriminator_order: Literal["real_first", "fake_first"] = _DEFAULT.discriminator_order,
        real: str = _DEFAULT.real,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.relativistic = relativistic
        self.detach_means = detach_means
        self.fake_first = discriminator_order == "fake_first"
        self.real = real

    def forward(self, context: LossContext) -> Tensor:
        """The generator's term, a scalar."""
        if self.relativistic == "none":
            fake = discriminate(context, context.sr)
            return self._term(fake, context, is_real=True, for_generator=True)
        real = discriminate(context, self._real_images(context)).detach()
        fake = discriminate(context, context.sr)
        if self.relativistic == "paired":
            return self._term(fake - real, context, is_real=True)
        return (
            self._term(real - fake.mean(), context, is_real=False)
            + self._term(fake - real.mean(), context, is_real=True)
        ) / 2

    def discriminator_terms(self, context: LossContext) -> Iterator[tuple[str, Tensor]]:
        """The discriminator's terms, scalars; each is back-propagated before the next one."""
        if self.relativistic == "none":
            yield from self._plain_terms(context)
        elif self.relativistic == "average" and self.detach_means:
            yield from self._detached_average_terms(context)
        else:
            yield "joint", self._joint_term(context)

    def _plain_terms(self, context: LossContext) -> Iterator[tuple[str, Tensor]]:
        for is_real in (False, True) if self.fake_first else (True, False):
            logits = self._logits(context, is_real=is_real)
            name = "real" if is_real else "fake"
            yield name, self._term(logits, context, is_real=is_real)

    def _detached_average_terms(self, context: LossContext) -> Iterator[tuple[str, Tensor]]:
        fake = self._logits(context, is_real=False).detach()
        real = self._logits(context, is_real=True)
        yield "real", self._term(real - fake.mean(), context, is_real=True) / 2
        real_mean = real.detach().mean()
        del real  # its graph is spent; only one should be alive at a time
        fake = self._logits(context, is_real=False)
        yield "fake", self._term(fake - real_mean, context, is_real=False) / 2

    def _joint_term(self, context: LossContext) -> Tensor:
        if self.fake_first:
            fake = self._logits(context, is_real=False)
            real = self._logits(context, is_real=True)
        else:
            real = self._logits(context, is_real=True)
            fake = self._logits(context, is_real=False)
        if self.relativistic == "paired":
            return self._term(real - fake, context, is_real=True)
        return (
            self._term(real - fake.mean(), context, is_real=True)
            + self._term(fake - real.mean(), context, is_real=False)
        ) / 2

    def _term(
        self, logits: Tensor, context: LossContext, *, is_real: bool, for_generator: bool = False
    ) -> Tensor:
        label = context.labels[0 if is_real else 1]
        return adversarial_criterion(
            logits, self.mode, is_real=is_real, label=label, for_generator=for_generator
        )

    def _real_images(self, context: LossContext) -> Tensor:
        return batch_entry(context, self.real, "adversarial")

    def _logits(self, context: LossContext, *, is_real: bool) -> Tensor:
        images = self._real_images(context) if is_real else context.sr.detach()
        logits = discriminate(context, images)
        context.log("d_real" if is_real else "d_fake", logits.mean())
        return logits
