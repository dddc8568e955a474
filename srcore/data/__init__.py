"""Image files, datasets and their preparation."""
