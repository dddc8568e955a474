"""CycleGAN for srcore: super-resolution and degradation, learned together from unpaired images."""
