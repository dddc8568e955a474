"""Cards: what a run made, of what and how, for whoever finds the model elsewhere."""
