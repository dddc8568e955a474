"""Keys, and the networks that the method works with."""

import attrs

from srcore import DISCRIMINATOR, GENERATOR, Role, option


@attrs.frozen(kw_only=True)
class JointOptions:
    """A degrader makes small images that look real; the generator undoes it."""

    adversarial_weight: float = option(0.1, "share of the discriminator's opinion", ge=0)

    def roles(self) -> dict[str, Role]:
        degrader = Role(needs=("shrinks",), takes_losses=True, exported=True)
        return {"generator": GENERATOR, "degrader": degrader, "discriminator": DISCRIMINATOR}


@attrs.frozen(kw_only=True)
class ShrinkOptions:
    """A strided convolution, and what a few more add to it."""

    num_features: int = option(16, "feature channels", ge=1)
