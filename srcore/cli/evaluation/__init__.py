"""What `srcore evaluate` measures, with what, and where it puts what it found."""
