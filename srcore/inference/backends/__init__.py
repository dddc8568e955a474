"""What computes a network in PyTorch's place: a module each, and the choice among them."""
