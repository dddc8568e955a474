"""Keys of the components; every key is declared here once. Do not import torch."""

import attrs

from srcore import option


@attrs.frozen(kw_only=True)
class MinimalLossOptions:
    """A pixel loss that weighs large errors more."""

    exponent: float = option(1.5, "power of the absolute error; 1 is l1, 2 is mse", ge=1, le=4)


@attrs.frozen(kw_only=True)
class MinimalNetOptions:
    """A few convolutions on top of bilinear enlargement."""

    num_features: int = option(16, "feature channels", ge=1)
    num_layers: int = option(3, "convolutions between the first and the last", ge=0)
