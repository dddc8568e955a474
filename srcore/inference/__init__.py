"""Upscaling images with a trained network."""
