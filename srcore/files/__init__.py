"""Files of ours: written whole or not at all, deleted and replaced only where that is safe."""
