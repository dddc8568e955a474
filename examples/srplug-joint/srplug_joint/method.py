"""One iteration of joint training."""

import torch
import torch.nn.functional as F

from srcore import Method


class Joint(Method):
    def __init__(self, parts, adversarial_weight):
        super().__init__(parts)
        self.adversarial_weight = adversarial_weight

    def step(self, batch):
        parts, roles = self.parts, self.parts.roles
        made = roles["degrader"].wrapped(batch["hr"])

        context = parts.context({**batch, "lr": made.detach()}, parts.generator(made.detach()))
        restored = parts.generator_terms(context)
        parts.update_generator(restored)

        with roles["discriminator"].frozen() as judge:
            fooled = {"fooled": self.adversarial_weight * F.softplus(-judge(made)).mean()}
        small = {**batch, "hr": F.interpolate(batch["hr"], made.shape[2:], mode="area")}
        degraded = parts.terms(parts.context(small, made), "degrader") | fooled
        parts.update("degrader", degraded)

        logits = roles["discriminator"].wrapped(torch.cat([batch["lr"], made.detach()]))
        real, fake = logits.chunk(2)
        judged = {"judged": F.softplus(-real).mean() + F.softplus(fake).mean()}
        parts.update("discriminator", judged)
        return {name: value.detach() for name, value in {**restored, **degraded, **judged}.items()}
