"""Names of the layers of VGG16 and VGG19; options name them, so nothing heavy is imported."""

from __future__ import annotations

#: Convolutions of the five blocks.
VGG_BLOCKS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def vgg_layers(network: str) -> tuple[str, ...]:
    """Layers in order; the position is the index in ``features`` of torchvision's network.

    >>> vgg_layers("vgg16")[:5]
    ('conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1')
    """
    names: list[str] = []
    for block, convs in enumerate(VGG_BLOCKS[network], start=1):
        for number in range(1, convs + 1):
            names += [f"conv{block}_{number}", f"relu{block}_{number}"]
        names.append(f"pool{block}")
    return tuple(names)


def layers_in_words(network: str) -> str:
    """What there is, for messages."""
    last = VGG_BLOCKS[network][-1]
    return f"conv1_1 to conv5_{last}, relu1_1 to relu5_{last} and pool1 to pool5"


def least_side_for(network: str, layers: tuple[str, ...]) -> int:
    """Pixels that both sides of an image must have for the deepest of the layers."""
    names = vgg_layers(network)
    last = max((names.index(name) for name in layers), default=0)
    least: int = 2 ** sum(name.startswith("pool") for name in names[: last + 1])
    return least
