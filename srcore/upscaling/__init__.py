"""Upscaling files: which, how large, where the results go."""
