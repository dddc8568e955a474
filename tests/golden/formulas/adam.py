"""Adam (Kingma and Ba, 2015)."""

import numpy as np


class Adam:
    """Steps of one network; moments start at 0."""

    def __init__(self, lr, betas, **_):
        self.lr, self.betas, self.count = lr, betas, 0
        self.moments = {}

    def step(self, weights, gradients):
        """Change those of the dictionary that have gradients."""
        self.count += 1
        for name, gradient in gradients.items():
            powers = gradient, gradient**2
            before = self.moments.get(name, (0, 0))
            moments = [
                beta * old + (1 - beta) * new
                for beta, old, new in zip(self.betas, before, powers, strict=True)
            ]
            self.moments[name] = moments
            mean, square = (
                moment / (1 - beta**self.count)
                for beta, moment in zip(self.betas, moments, strict=True)
            )
            weights[name] = weights[name] - self.lr * mean / (np.sqrt(square) + 1e-8)
