"""Finding plugins, calling their hooks, and what they registered: the room behind pluggy."""
