"""Keys of the networks, a generated module each."""
