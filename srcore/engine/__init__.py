"""Training and evaluation on PyTorch-Ignite engines."""
