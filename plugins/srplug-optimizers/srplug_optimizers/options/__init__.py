"""Keys of the optimizers, a module each; all but one are generated."""
