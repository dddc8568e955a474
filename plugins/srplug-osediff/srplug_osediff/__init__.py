"""One-step diffusion for srcore: super-resolution by a text-to-image model (OSEDiff)."""
