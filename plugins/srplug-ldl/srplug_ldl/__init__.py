"""LDL for srcore: a loss that finds and penalizes the artifacts of GAN training."""
