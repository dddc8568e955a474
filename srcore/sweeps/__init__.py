"""Sweeps: many trials of one experiment whose keys have other values in each."""
