"""Optimizers of pytorch-optimizer and torch for srcore, with typed keys."""
