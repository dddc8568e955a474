"""A page in the browser by which models are tried, and what is behind it."""
