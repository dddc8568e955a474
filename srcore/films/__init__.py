"""Films: frames are enlarged one by one, all else is copied."""
