"""The schedule against diffusers' own."""

import pytest
import torch
from diffusers import DDPMScheduler
from srplug_osediff.noise_schedule import LEVELS, TIMES


def test_levels_are_those_of_diffusers():
    kept = DDPMScheduler(
        num_train_timesteps=TIMES, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
    ).alphas_cumprod.double()
    expected = torch.stack([kept.sqrt(), (1 - kept).sqrt()], dim=1)
    assert torch.tensor(LEVELS, dtype=torch.float64) == pytest.approx(expected, rel=1e-4)
