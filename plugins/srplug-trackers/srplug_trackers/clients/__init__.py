"""What each tracker is told, in its own words."""
