"""Upscaling on a Ray cluster for srcore."""
