"""The trials that a table ``[sweep]`` means: which there are, and whether they can be."""
