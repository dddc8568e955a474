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
    """A 63-bit seed that depends on all ``keys``, as many as others give for the same purpose.

    Zeros at their end say nothing: (1, 2) and (1, 2, 0) give one seed.
    """
    words = np.random.SeedSequence(keys).generate_state(2, np.uint32)
    return (int(words[0]) << 31) ^ int(words[1])


def seed_everything(*keys: int) -> None:
    """Seed the global generators of Python, NumPy and PyTorch (all devices)."""
    seed = derive(*keys)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global one, which plugins may draw from
    torch.manual_seed(seed)


def seeded_generator(device: torch.device, *keys: int) -> torch.Generator:
    """A generator on ``device`` seeded from ``keys``."""
    made = torch.Generator(device=device if device.type == "cuda" else "cpu")
    made.manual_seed(derive(*keys))
    return made


class Randomness:
    """The random numbers of a stage: seeded before its networks are built, and every iteration.

    Args:
        seed: of the experiment.
        device: where the method's and the transforms' numbers are drawn.

    Attributes:
        method: generator of the method's own draws (labels, noise).
        transforms: generator of the batch transforms.
        fields: generator of what a sampling network sees, on the CPU.
    """

    _BUILDING, _ITERATION, _TRANSFORMS, _METHOD, _FIELDS = 10, 11, 12, 13, 14

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        seed_everything(seed, self._BUILDING)
        self.transforms = seeded_generator(device, seed, self._TRANSFORMS)
        self.method = seeded_generator(device, seed, self._METHOD)
        self.fields = seeded_generator(torch.device("cpu"), seed, self._FIELDS)

    def begin(self, iteration: int, rank: int) -> None:
        """Seed everything for an iteration."""
        seed_everything(self._seed, self._ITERATION, iteration, rank)
        for made, stream in (
            (self.transforms, self._TRANSFORMS),
            (self.method, self._METHOD),
            (self.fields, self._FIELDS),
        ):
            made.manual_seed(derive(self._seed, stream, iteration, rank))


def sample_generator(*keys: int) -> np.random.Generator:
    """The generator that a dataset draws crops and flips of one sample from."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(keys)))
