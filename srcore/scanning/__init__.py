"""What the headers of many images say: read once, by all cores, and kept in an index."""
