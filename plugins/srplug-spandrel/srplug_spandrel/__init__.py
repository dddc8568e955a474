"""spandrel's networks for srcore: what the community trains, from TOML."""
