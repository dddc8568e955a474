"""The typed experiment: reading, merging and checking TOML files."""
