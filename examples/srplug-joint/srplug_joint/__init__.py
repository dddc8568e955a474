"""Joint training of a generator, a degrader and a discriminator, for srcore."""
