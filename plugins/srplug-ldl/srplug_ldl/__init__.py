"""LDL for srcore: a loss that finds and penalises the artifacts of GAN training."""
