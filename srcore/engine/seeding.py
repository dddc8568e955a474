"""Random numbers that depend on where training is, not on how it got there.

Every iteration seeds all generators from (seed, iteration, rank), and every sample from
(seed, epoch, index). Nothing has to be saved: a run resumed at iteration n draws what an
uninterrupted run draws at iteration n, whatever the number of worker processes.
"""

from __future__ import annotations

import random

import numpy as np
import torch


def derive(*keys: int) -> int:
    """A 63-bit seed that depends on all ``keys``; equal keys give equal seeds."""
    words = np.random.SeedSequence(keys).generate_state(2, np.uint32)
    return (int(words[0]) << 31) ^ int(words[1])


def seed_everything(*keys: int) -> None:
    """Seed the global generators of Python, NumPy and PyTorch (all devices)."""
    seed = derive(*keys)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def generator(device: torch.device, *keys: int) -> torch.Generator:
    """A generator on ``device`` seeded from ``keys``."""
    made = torch.Generator(device=device if device.type == "cuda" else "cpu")
    made.manual_seed(derive(*keys))
    return made


def sample_generator(*keys: int) -> np.random.Generator:
    """The generator that a dataset draws crops and flips of one sample from."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(keys)))
