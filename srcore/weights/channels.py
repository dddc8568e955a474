"""Channels of the images of a network, as the shapes in its files tell them."""

from __future__ import annotations

from typing import Any

from srcore.capabilities import RGB, RGBA

CHANNELS = (1, RGB, RGBA)


def channels_option(channels: int) -> dict[str, Any]:
    """The option that says them; none for RGB, the default, so that its files stay what they were.

    >>> channels_option(3), channels_option(1)
    ({}, {'channels': 1})
    """
    return {} if channels == RGB else {"channels": channels}
