"""A tracker of runs and an end of training of its own, for srcore."""
