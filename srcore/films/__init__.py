"""Films: frames are upscaled one by one, all else is copied."""
