"""Random numbers that follow from keys alone."""

import random

import numpy as np
import torch

from srcore.seeding import Randomness, derive, seed_everything, seeded_generator

CPU = torch.device("cpu")


def drawn():
    return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002 - the global one is seeded


def test_seeds_differ_with_each_key_and_with_their_order():
    seeds = {derive(*keys) for keys in ((1, 2), (2, 1), (1, 3), (0, 2), (12, 0))}
    assert len(seeds) == 5
    assert derive(3, 4) == derive(3, 4)


def test_all_global_sources_are_seeded():
    seed_everything(1, 2)
    first = drawn()
    assert drawn() != first
    seed_everything(1, 2)
    assert drawn() == first
    seed_everything(2, 1)
    assert all(one != other for one, other in zip(first, drawn(), strict=True))


def test_a_generator_leaves_the_global_one_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    one, other = (torch.rand(5, generator=seeded_generator(CPU, 1, 2)) for _ in "ab")
    assert torch.equal(one, other)
    assert torch.equal(torch.rand(3), expected)


def test_an_iteration_draws_the_same_whatever_was_drawn_before():
    used, fresh = Randomness(3, CPU), Randomness(3, CPU)
    used.begin(1, 0)
    torch.rand(9, generator=used.transforms)
    made = []
    for randomness in (used, fresh):
        randomness.begin(2, 0)
        sources = (randomness.transforms, randomness.method, randomness.fields)
        made.append([float(torch.rand((), generator=it)) for it in sources])
    assert made[0] == made[1]
    assert len(set(made[0])) == 3


def test_processes_draw_numbers_of_their_own():
    randomness, made = Randomness(3, CPU), []
    for rank in (0, 1):
        randomness.begin(2, rank)
        made.append(float(torch.rand((), generator=randomness.transforms)))
    assert made[0] != made[1]
