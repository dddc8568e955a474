"""Training of the down-sampling network: ``method.type = "usrdu_dsn"``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.machine.devices import at_least_float32
from srcore.methods.gan import Gan

if TYPE_CHECKING:
    from srcore.contracts import Batch, LossContext


class DownsamplerTraining(Gan):
    """Adversarial training from high to low resolution on unpaired images.

    The generator turns ``hr`` into a mean image, which losses see as ``sr``; its log-scales are
    ``log_scale`` and ``feature_log_scale`` among the context's extras. Everything else is method
    ``gan``, with the discriminator first, so the published step reads:

        [method]
        type = "usrdu_dsn"
        [[losses]]
        type = "adversarial"
        real = "lr"
        discriminator_order = "fake_first"
        [[losses]]
        type = "usrdu_data"
        weight = 100.0
        [[losses]]
        type = "usrdu_feature"
    """

    def generate(self, batch: Batch) -> LossContext:
        """Degrade ``hr``."""
        distribution = self.parts.generator(batch["hr"], heads="all")
        context = self.parts.context(batch, distribution.mean)
        for name in ("log_scale", "feature_log_scale"):
            value = getattr(distribution, name)
            context.extras[name] = None if value is None else at_least_float32(value)
        return context
