"""ESRDGAN for srcore: generator, discriminator, and its training tricks for any GAN."""
