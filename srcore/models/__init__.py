"""Models by name: lists of facts, where their files come from, and the user's cache of them."""
