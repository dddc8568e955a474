"""How much of a latent and how much noise there is at a time: Stable Diffusion's schedule."""

from __future__ import annotations

import math

#: Times of the schedule; the last one is T of the paper.
TIMES = 1000
#: Share of noise that the first and the last time add.
FIRST_BETA, LAST_BETA = 0.00085, 0.012


def _noise_levels() -> tuple[tuple[float, float], ...]:
    kept, levels = 1.0, []
    for time in range(TIMES):
        root = math.sqrt(FIRST_BETA) + (math.sqrt(LAST_BETA) - math.sqrt(FIRST_BETA)) * time / (
            TIMES - 1
        )
        kept *= 1 - root**2
        levels.append((math.sqrt(kept), math.sqrt(1 - kept)))
    return tuple(levels)


#: By time: alpha, of the latent, and beta, of the noise, in ``z_t = alpha z + beta noise``; the
#: squares of both add up to 1. Betas of Ho et al. (NeurIPS 2020) whose roots are evenly spaced.
#:
#: >>> [round(level, 3) for level in LEVELS[-1]]
#: [0.068, 0.998]
LEVELS = _noise_levels()
