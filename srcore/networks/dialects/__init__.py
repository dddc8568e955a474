"""Key layouts of the programs whose checkpoints of our networks the field exchanges."""
