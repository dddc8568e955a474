"""A picture with edges, slopes and texture."""

import numpy as np
import pytest
import torch


@pytest.fixture
def picture():
    """A function: ``(count, 3, height, width)``, multiples of 1/255."""

    def made(height=40, width=56, count=1, channels=3):
        generator = np.random.default_rng(1)
        slope = np.linspace(0, 1, width)[None, :, None] * np.linspace(1, 0.3, height)[:, None, None]
        image = np.repeat(slope, channels, axis=2)
        image[height // 4 : height // 2, width // 3 : width // 2] = generator.random(channels)
        image += 0.1 * generator.random((height, width, channels))
        levels = torch.from_numpy((image.clip(0, 1) * 255).round()).float() / 255
        return levels.permute(2, 0, 1)[None].repeat(count, 1, 1, 1)

    return made


@pytest.fixture
def degraded():
    """A function: the images after a degradation with a seed."""

    def made(cls, image, seed=0, **keys):
        batch = {"lr": image, "hr": torch.zeros(1)}
        result = cls(scale=2, **keys)(batch, torch.Generator().manual_seed(seed))
        assert result["hr"] is batch["hr"]
        return result["lr"]

    return made
