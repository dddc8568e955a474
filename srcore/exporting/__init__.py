"""Generators as programs for others' runtimes, and weights in others' layouts."""
