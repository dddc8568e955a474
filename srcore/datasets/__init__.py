"""Data sets: what a sample is."""
