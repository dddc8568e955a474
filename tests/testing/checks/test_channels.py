"""Parts run on the images that the check of an experiment lets them have."""

import re
from typing import Literal

import attrs
import pytest
from torch import nn

from srcore.options import option


class Net(nn.Module):
    """A network without fault."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, lr):
        return nn.functional.interpolate(self.conv(lr), scale_factor=self.scale)


class Tinted(Net):
    """It has a key for its channels, and works on colors only."""

    def __init__(self, scale, channels=3):
        super().__init__(scale)
        self.in_channels = channels


class Untold(Net):
    """It does not say which images it makes."""

    def __init__(self, scale, channels=3):
        super().__init__(scale)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)


class Luma(nn.Module):
    def forward(self, context):
        weights = context.sr.new_tensor([0.299, 0.587, 0.114])[:, None, None]
        return ((context.sr - context.hr) * weights).square().mean()


@attrs.frozen(kw_only=True)
class Channels:
    """Keys."""

    channels: Literal[1, 3, 4] = option(3, "of the images")


@attrs.frozen(kw_only=True)
class Colors:
    """No keys."""

    channels = 3


@pytest.mark.parametrize(
    ("kind", "part", "options", "message"),
    [
        (
            "network",
            Tinted,
            Channels,
            "on images of 1 channels: found RuntimeError: .*; its key",
        ),
        ("network", Untold, Channels, "expected the attribute in_channels = 1, as its options say"),
        ("network", Net, None, None),
        ("loss", Luma, None, "if it is for colors only, declare `channels = 3` in the class of"),
        ("loss", Luma, Colors, None),
    ],
)
def test_parts_work_on_the_images_that_the_check_lets_them_have(
    kind, part, options, message, tried
):
    complaints_made = tried(kind, part, options, about={"needs": ("hr",)} if kind == "loss" else {})
    if message is None:
        assert complaints_made == []
    else:
        assert any(re.search(message, line) for line in complaints_made), complaints_made
