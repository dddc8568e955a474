"""Keys that components of several kinds have: declared once, so that they mean one thing."""

from __future__ import annotations

from typing import Any

from srcore.options.declaration import option


def recursive_search() -> Any:
    """Whether images of folders below belong to a folder."""
    return option(False, "also take images of folders below")


def listed_names() -> Any:
    """Which images of a folder are meant."""
    return option(None, "list of names, one per line; none: all images", path="file")


def judged_channels() -> Any:
    """Channels of the images that a discriminator judges."""
    return option(3, "channels of the images", ge=1, le=1024)


def read_channels() -> Any:
    """Channels of the images that a dataset gives."""
    return option(3, "of the images: 1 gray (luma of colors), 3 RGB, 4 RGB and alpha")


def gray_noise_probability() -> Any:
    """How often noise has no color."""
    return option(0.0, "how often all channels get the same noise", ge=0, le=1)


def initial_weights() -> Any:
    """The file that a network starts from."""
    return option(None, "file to start from; any supported checkpoint dialect", path="file")


def frozen_patterns() -> Any:
    """Parameters that stay as they are."""
    return option((), "patterns of names of parameters that are not trained")
